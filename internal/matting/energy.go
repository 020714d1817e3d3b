package matting

import "math"

// What a cut costs, in nats: for each pixel how little its colour suits the
// side it is put on and how unusual that side is at its place, and for each
// pair of neighbours that it separates, more the more alike they are.
const (
	// smoothness is the cost of separating two neighbours of one colour, in a
	// scene in which a face is smoothSide pixels wide. It grows with the scene,
	// because the pixels along a border grow more slowly in number than those
	// inside it.
	smoothness = 26
	smoothSide = 58
	// mostDecided bounds what one pixel's colour can contribute, so that a spot
	// of an unusual colour does not become an island.
	mostDecided = 12
	// priorOutside is what the foreground costs one side of the face outside of
	// the ordinary shape of head and shoulders; priorInside what the background
	// costs that far inside it, up to priorMost.
	priorOutside = 5
	priorInside  = 20
	priorMost    = 3

	// unit is a nat in the whole numbers of a flowGrid; certain is more than
	// all that a pixel and its edges can cost otherwise.
	unit    = 64
	certain = 1 << 20
)

// costs are the two numbers of a pixel in a flowGrid: what it costs to call it
// background, and foreground.
func costs(h hint, outside float64, foreground, background float64) (asBackground, asForeground int32) {
	switch h {
	case surelyForeground:
		return certain, 0
	case surelyBackground:
		return 0, certain
	}
	decided := max(-mostDecided, min(mostDecided, background-foreground))
	decided -= product(priorOutside, max(0, outside))
	decided += min(priorMost, product(priorInside, max(0, -outside)))
	nats := int32(math.Round(product(decided, unit)))
	return max(0, nats), max(0, -nats)
}

// contrast is how the difference of two neighbours' colours makes it cheap to
// separate them: e^-βd², where β is half the mean d² of the scene inverted.
type contrast struct {
	sharpness float64 // β
	costs     []int32 // by finely·βd², between neighbours side by side
	diagonal  []int32 // likewise between diagonal ones, which are farther apart
}

const (
	finely = 16
	most   = 12 // beyond it a pair costs nothing
)

func newContrast(s *scene, side float64) *contrast {
	var sum, pairs int64
	s.eachPair(func(a, b int32, _ uint8) {
		sum += int64(s.colours[a].squaredDistance(s.colours[b]))
		pairs++
	})
	c := &contrast{}
	if sum > 0 {
		c.sharpness = float64(pairs) / float64(2*sum)
	}
	flat := product(smoothness*unit/float64(smoothSide), side)
	for i := range most * finely {
		cost := product(flat, expMinus((float64(i)+0.5)/finely))
		c.costs = append(c.costs, int32(math.Round(cost)))
		c.diagonal = append(c.diagonal, int32(math.Round(product(cost, math.Sqrt2/2))))
	}
	return c
}

// between is the cost of separating two neighbours.
func (c *contrast) between(a, b colour, diagonal bool) int32 {
	i := int(product(product(finely, c.sharpness), float64(a.squaredDistance(b))))
	switch {
	case i >= len(c.costs):
		return 0
	case diagonal:
		return c.diagonal[i]
	}
	return c.costs[i]
}

func (c colour) squaredDistance(d colour) (sum int) {
	for i := range c {
		difference := int(c[i]) - int(d[i])
		sum += difference * difference
	}
	return sum
}

// eachPair calls f with every two neighbours in the scene, once, and the
// direction from the first to the second. Void pixels are nobody's neighbours.
func (s *scene) eachPair(f func(a, b int32, direction uint8)) {
	for y := range s.height {
		for x := range s.width {
			for d := uint8(0); d < directions; d += 2 {
				nx, ny := x+int(neighbours[d].x), y+int(neighbours[d].y)
				if nx < 0 || nx >= s.width || ny >= s.height {
					continue
				}
				a, b := y*s.width+x, ny*s.width+nx
				if !s.void[a] && !s.void[b] {
					f(int32(a), int32(b), d)
				}
			}
		}
	}
}
