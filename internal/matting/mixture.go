package matting

import "math"

// A mixture describes the colours of one side of the cut with a few Gaussians
// (Rother, Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004).
type mixture []gaussian

// components is the number of Gaussians in a mixture, as in GrabCut.
const components = 5

// gaussian is a normal distribution of colours.
type gaussian struct {
	mean    [3]float64
	inverse [6]float64 // of the covariance: rr, rg, rb, gg, gb, bb
	base    float64    // the cost at the mean, in nats
}

// noiseFloor is added to a covariance's diagonal, in squared levels: colours that
// are equal in a drawing differ by noise in a photo, and a Gaussian without
// extent has no density.
const noiseFloor = 4

// cost returns how badly a colour fits the mixture: the negative logarithm of its
// likeliest component's density, in nats.
func (m mixture) cost(c colour) float64 {
	lowest := math.Inf(1)
	for i := range m {
		lowest = min(lowest, m[i].cost(c))
	}
	return lowest
}

func (g *gaussian) cost(c colour) float64 {
	r, green, b := float64(c[0])-g.mean[0], float64(c[1])-g.mean[1], float64(c[2])-g.mean[2]
	v := &g.inverse
	square := product(r, product(v[0], r)) + product(green, product(v[3], green)) + product(b, product(v[5], b))
	mixed := product(r, product(v[1], green)+product(v[2], b)) + product(green, product(v[4], b))
	return g.base + square/2 + mixed
}

// nearest returns the component that a colour belongs to.
func (m mixture) nearest(c colour) int {
	nearest, lowest := 0, math.Inf(1)
	for i := range m {
		if cost := m[i].cost(c); cost < lowest {
			nearest, lowest = i, cost
		}
	}
	return nearest
}

// newMixture describes colours without a previous mixture: it splits the most
// extended cluster across its longest axis until there are enough (Orchard,
// Bouman, "Color quantization of images", 1991). This needs no random start.
func newMixture(colours []colour) mixture {
	cluster := make([]uint8, len(colours))
	sums := []moments{momentsOf(colours, cluster, 0)}
	for len(sums) < components {
		widest, axis, extent := 0, [3]float64{}, 0.0
		for i := range sums {
			if a, e := sums[i].longestAxis(); e > extent {
				widest, axis, extent = i, a, e
			}
		}
		if extent == 0 {
			break // fewer colours than components
		}
		mean := sums[widest].mean()
		for i, c := range colours {
			if cluster[i] == uint8(widest) && along(c, mean, axis) > 0 {
				cluster[i] = uint8(len(sums))
			}
		}
		sums = append(sums, momentsOf(colours, cluster, uint8(len(sums))))
		sums[widest] = momentsOf(colours, cluster, uint8(widest))
	}
	return mixtureOf(sums, len(colours))
}

// along returns a colour's place on an axis through the mean.
func along(c colour, mean, axis [3]float64) (place float64) {
	for i := range c {
		place += product(float64(c[i])-mean[i], axis[i])
	}
	return place
}

// refit describes colours anew, each assigned to its nearest component.
func (m mixture) refit(colours []colour) mixture {
	sums := make([]moments, len(m))
	for _, c := range colours {
		sums[m.nearest(c)].add(c)
	}
	return mixtureOf(sums, len(colours))
}

func mixtureOf(sums []moments, total int) mixture {
	var m mixture
	for i := range sums {
		if sums[i].count > 0 {
			m = append(m, sums[i].gaussian(total))
		}
	}
	return m
}
