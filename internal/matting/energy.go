package matting

import "math"

// The cost of a cut, in nats. Each pixel adds how badly its colour suits its side
// and how unusual that side is at its place; each pair of separated neighbours
// adds more, the more alike they are.
const (
	// smoothness is the cost of separating two neighbours of the same colour, in
	// a scene in which a face is smoothSide pixels wide. It grows with the scene,
	// because the number of pixels along a border grows more slowly than that
	// inside it.
	smoothness = 26
	smoothSide = 58
	// mostDecided limits the contribution of one pixel's colour, so that a spot
	// of an unusual colour does not become an island.
	mostDecided = 12
	// priorOutside is the cost of foreground at a distance of one face side
	// outside the ordinary shape of head and shoulders; priorInside is the cost
	// of background as far inside it, up to priorMost.
	priorOutside = 5
	priorInside  = 20
	priorMost    = 3

	// unit is one nat in the integers of a flowGrid; certain exceeds any other
	// cost of a pixel and its edges.
	unit    = 64
	certain = 1 << 20
)

// costs returns a pixel's two costs in a flowGrid: as background, and as
// foreground.
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

// contrast makes it cheap to separate neighbours of different colours: the cost
// is proportional to e^-βd², where 1/β is twice the mean d² of the scene.
type contrast struct {
	sharpness float64 // β
	costs     []int32 // by finely·βd², between neighbours side by side
	diagonal  []int32 // likewise between diagonal ones, which are farther apart
}

const (
	finely = 16
	most   = 12 // beyond it, a pair costs nothing
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

// between returns the cost of separating two neighbours.
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

// eachPair calls f once for each pair of neighbours in the scene, with the
// direction from the first to the second. Void pixels have no neighbours.
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
