package matting

import (
	"context"
	"image"
	"math"
)

// extractSide is the longer side, in pixels, of the scene used to find the edge
// of a result. The result itself may be larger.
const extractSide = 512

// View maps a picture to the one that Segment saw: a place (x, y) becomes (X +
// Scale·x, Y + Scale·y).
type View struct{ X, Y, Scale float64 }

// Extract cuts the person out of a view of the same photo: the result has the
// view's size, alpha, and at the edge the person's colours without the old
// background's. It only fails when ctx is done.
func (c *Cut) Extract(ctx context.Context, picture *image.RGBA, v View) (*image.NRGBA, error) {
	s := newScene(picture, extractSide)
	subject := Face{(c.subject.X - v.X) / v.Scale, (c.subject.Y - v.Y) / v.Scale, c.subject.Side / v.Scale}
	fine := newCutter(s, subject, nil)
	fine.refine(c.cutter, func(px, py float64) (float64, float64) {
		return v.X + product(v.Scale, px), v.Y + product(v.Scale, py)
	})
	if err := fine.finish(ctx); err != nil {
		return nil, err
	}
	return fine.matte(subject.Side / s.scale).paint(picture), ctx.Err()
}

// matte describes a person's edge in a scene.
type matte struct {
	scene  *scene
	alpha  []float64
	edge   []bool // where alpha follows the picture
	linear []linear
	colour []edgeColours
}

// matte softens the cut. The face's side is in pixels of the scene.
func (c *cutter) matte(side float64) *matte {
	radius := max(1, int(math.Round(product(guidedRadius, side))))
	hard := make([]float64, len(c.labels))
	for i, foreground := range c.labels {
		if foreground {
			hard[i] = 1
		}
	}
	m := &matte{scene: c.scene, alpha: hard, edge: c.within(radius)}
	m.linear = guide(c.scene, hard, radius)
	for i := range m.alpha {
		if m.edge[i] {
			m.alpha[i] = stretch(m.linear[i].at(c.scene.colours[i]))
		}
	}
	m.colour = separate(c.scene, m.alpha, 8*radius, radius)
	return m
}

// stretch makes nearly transparent or opaque values fully so: the guided filter
// leaves a haze where both sides share colours.
func stretch(alpha float64) float64 { return max(0, min(1, (alpha-0.1)/0.8)) }
