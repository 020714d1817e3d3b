package matting

import "math"

// moments are sums over colours, in integers, so that the order does not matter.
type moments struct {
	count   int64
	sum     [3]int64
	squares [6]int64 // rr, rg, rb, gg, gb, bb
}

func (m *moments) add(c colour) {
	r, g, b := int64(c[0]), int64(c[1]), int64(c[2])
	m.count++
	m.sum[0] += r
	m.sum[1] += g
	m.sum[2] += b
	for i, square := range [6]int64{r * r, r * g, r * b, g * g, g * b, b * b} {
		m.squares[i] += square
	}
}

func momentsOf(colours []colour, cluster []uint8, which uint8) (m moments) {
	for i, c := range colours {
		if cluster[i] == which {
			m.add(c)
		}
	}
	return m
}

func (m *moments) mean() (mean [3]float64) {
	for i, s := range m.sum {
		mean[i] = float64(s) / float64(m.count)
	}
	return mean
}

// covariance returns rr, rg, rb, gg, gb, bb in squared levels.
func (m *moments) covariance() (v [6]float64) {
	n, s := m.count, m.sum
	for i, of := range [6][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}} {
		// In integers, because the difference is small and the terms are not.
		v[i] = float64(m.squares[i]*n-s[of[0]]*s[of[1]]) / float64(n) / float64(n)
	}
	return v
}

// gaussian returns the normal distribution of these colours, out of total.
func (m *moments) gaussian(total int) gaussian {
	v := m.covariance()
	for _, diagonal := range []int{0, 3, 5} {
		v[diagonal] += noiseFloor
	}
	inverse, determinant := invert(v)
	share := float64(m.count) / float64(total)
	return gaussian{mean: m.mean(), inverse: inverse, base: ln(determinant)/2 - ln(share)}
}

// invert inverts a symmetric matrix that is positive definite.
func invert(v [6]float64) (inverse [6]float64, determinant float64) {
	minor := func(a, b, c, d int) float64 { return product(v[a], v[b]) - product(v[c], v[d]) }
	inverse = [6]float64{
		minor(3, 5, 4, 4), minor(2, 4, 1, 5), minor(1, 4, 2, 3),
		minor(0, 5, 2, 2), minor(1, 2, 0, 4), minor(0, 3, 1, 1),
	}
	determinant = product(v[0], inverse[0]) + product(v[1], inverse[1]) + product(v[2], inverse[2])
	for i := range inverse {
		inverse[i] /= determinant
	}
	return inverse, determinant
}

// longestAxis returns the direction in which the colours differ most, a unit
// vector, and by how much in total: the covariance's first eigenvector by power
// iteration.
func (m *moments) longestAxis() (axis [3]float64, extent float64) {
	v := m.covariance()
	axis = [3]float64{0.5, 0.7, 0.5} // never exactly perpendicular to the colours
	for range 16 {
		axis = [3]float64{
			product(v[0], axis[0]) + product(v[1], axis[1]) + product(v[2], axis[2]),
			product(v[1], axis[0]) + product(v[3], axis[1]) + product(v[4], axis[2]),
			product(v[2], axis[0]) + product(v[4], axis[1]) + product(v[5], axis[2]),
		}
		extent = math.Sqrt(product(axis[0], axis[0]) + product(axis[1], axis[1]) + product(axis[2], axis[2]))
		if extent == 0 {
			return axis, 0
		}
		for i := range axis {
			axis[i] /= extent
		}
	}
	return axis, product(extent, float64(m.count))
}
