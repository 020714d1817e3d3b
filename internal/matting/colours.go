package matting

// edgeColours are the colours of both sides near the edge, without the other side
// shining through.
type edgeColours struct{ foreground, background [3]float64 }

// separate estimates the edge colours (Forte, "Approximate Fast Foreground Colour
// Estimation", ICIP 2021): means weighted with alpha, first over a wide window,
// then over a narrow one, each corrected by the pixel's own colour.
func separate(s *scene, alpha []float64, wide, narrow int) []edgeColours {
	estimate := make([]edgeColours, len(alpha))
	for i, c := range s.colours {
		for k := range c {
			estimate[i].foreground[k], estimate[i].background[k] = float64(c[k]), float64(c[k])
		}
	}
	for _, radius := range []int{wide, narrow} {
		estimate = s.blurEdges(estimate, alpha, radius)
	}
	return estimate
}

func (s *scene) blurEdges(from []edgeColours, alpha []float64, radius int) []edgeColours {
	box := newBoxFilter(s.width, s.height)
	weights, rests := make([]float64, len(alpha)), make([]float64, len(alpha))
	foreground, background := make([]float64, len(alpha)), make([]float64, len(alpha))
	for i := range alpha {
		if !s.void[i] {
			weights[i], rests[i] = alpha[i]+1e-4, 1-alpha[i]+1e-4
		}
	}
	sumWeights, sumRests := append([]float64(nil), weights...), append([]float64(nil), rests...)
	box.sum(sumWeights, radius)
	box.sum(sumRests, radius)
	blurred := make([]edgeColours, len(alpha))
	for k := range 3 {
		for i := range alpha {
			foreground[i] = product(weights[i], from[i].foreground[k])
			background[i] = product(rests[i], from[i].background[k])
		}
		box.sum(foreground, radius)
		box.sum(background, radius)
		for i := range alpha {
			if s.void[i] {
				continue
			}
			f, b := foreground[i]/sumWeights[i], background[i]/sumRests[i]
			blurred[i].background[k] = b
			blurred[i].foreground[k] = f
		}
	}
	for i, c := range s.colours {
		blurred[i].foreground = blurred[i].of(c, alpha[i])
	}
	return blurred
}

// of returns the foreground's colour for a colour seen at an alpha: the estimate,
// adjusted to explain the seen colour.
func (e *edgeColours) of(seen colour, alpha float64) (c [3]float64) {
	for k := range c {
		unexplained := float64(seen[k]) - product(alpha, e.foreground[k]) - product(1-alpha, e.background[k])
		c[k] = max(0, min(255, e.foreground[k]+product(alpha, unexplained)))
	}
	return c
}
