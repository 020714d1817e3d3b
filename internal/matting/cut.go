package matting

import (
	"context"
	"math"
	"slices"
)

// cutter separates a person from the background of a scene.
type cutter struct {
	scene   *scene
	hints   []hint
	outside []float64 // from the ordinary shape of a person, in sides of the face

	foreground, background mixture
	contrast               *contrast
	labels                 []bool // true for the foreground
}

func newCutter(s *scene, subject Face, bystanders []Face) *cutter {
	c := &cutter{
		scene:    s,
		hints:    make([]hint, len(s.colours)),
		outside:  make([]float64, len(s.colours)),
		contrast: newContrast(s, subject.Side/s.scale),
		labels:   make([]bool, len(s.colours)),
	}
	for y := range s.height {
		for x := range s.width {
			i := y*s.width + x
			c.hints[i], c.outside[i] = c.hintAt(x, y, subject, bystanders)
			c.labels[i] = c.hints[i] == surelyForeground || c.hints[i] == maybeForeground
		}
	}
	return c
}

// border is the share of the scene's height at the top, and of its width at the
// sides above the middle of the face, that is certainly background.
const border = 0.02

func (c *cutter) hintAt(x, y int, subject Face, bystanders []Face) (hint, float64) {
	s := c.scene
	px, py := s.place(x, y)
	u, v := subject.to(px, py)
	outside := outsideShape(u, v)
	margin := max(1, int(product(border, float64(max(s.width, s.height)))))
	switch atSide := x < margin || x >= s.width-margin; {
	case s.void[y*s.width+x]:
		return surelyBackground, outside
	case isCore(u, v):
		return surelyForeground, outside
	case outside > 0.1 && (y < margin || atSide && v < 0):
		return surelyBackground, outside
	}
	for _, b := range bystanders {
		if isBystander(b.to(px, py)) {
			return surelyBackground, outside
		}
	}
	if outside < 0 {
		return maybeForeground, outside
	}
	return maybeBackground, outside
}

// undecided is the distance from the border of a person's ordinary shape, in
// sides of the face, within which a colour may belong to either side.
const undecided = 0.3

// learn models the colours on both sides of the cut, starting from the previous
// models if there are any. It reports whether both sides have colours.
func (c *cutter) learn() bool {
	if c.foreground != nil {
		foreground, background := c.sides(0)
		c.foreground, c.background = c.foreground.refit(foreground), c.background.refit(background)
		return len(foreground) > 0 && len(background) > 0
	}
	foreground, background := c.sides(undecided)
	if len(foreground) == 0 || len(background) == 0 { // the face fills the picture
		foreground, background = c.sides(0)
	}
	c.foreground, c.background = newMixture(foreground), newMixture(background)
	return len(foreground) > 0 && len(background) > 0
}

// sides returns the colours on both sides of the cut, without those nearer to the
// border of the ordinary shape than a distance, in sides of the face.
func (c *cutter) sides(distance float64) (foreground, background []colour) {
	for i, colour := range c.scene.colours {
		switch {
		case c.scene.void[i] || math.Abs(c.outside[i]) < distance:
		case c.labels[i]:
			foreground = append(foreground, colour)
		default:
			background = append(background, colour)
		}
	}
	return foreground, background
}

// cut finds the cheapest labels for the mixtures, and reports whether they
// changed.
func (c *cutter) cut(ctx context.Context) (changed bool, err error) {
	g := c.graph()
	if err := g.solve(ctx); err != nil {
		return false, err
	}
	before := slices.Clone(c.labels)
	for i := range c.labels {
		c.labels[i] = g.onSourceSide(g.node(i%c.scene.width, i/c.scene.width))
	}
	return !slices.Equal(before, c.labels), nil
}

func (c *cutter) graph() *flowGrid {
	s := c.scene
	g := newFlowGrid(s.width, s.height)
	for i, colour := range s.colours {
		asBackground, asForeground := costs(c.hints[i], c.outside[i], c.foreground.cost(colour), c.background.cost(colour))
		g.setTerminals(g.node(i%s.width, i/s.width), asBackground, asForeground)
	}
	s.eachPair(func(a, b int32, d uint8) {
		g.connect(g.node(int(a)%s.width, int(a)/s.width), d, c.contrast.between(s.colours[a], s.colours[b], d >= 4))
	})
	return g
}

// run alternates between learning and cutting until nothing changes.
func (c *cutter) run(ctx context.Context, rounds int) error {
	for range rounds {
		if !c.learn() {
			return nil // nothing to separate; Doubt says so
		}
		changed, err := c.cut(ctx)
		if err != nil || !changed {
			return err
		}
	}
	return nil
}
