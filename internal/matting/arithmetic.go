package matting

import "math"

// The same picture must give the same bytes on every processor. Go may fuse x*y+z
// into one operation with one rounding, and does on arm64, ppc64le and s390x,
// unless the product is rounded explicitly; and math.Exp and math.Log have
// separate assembly on some processors. So this package multiplies floats through
// product (TestNoFusedProducts) and uses the two functions below.

// product returns x·y, rounded.
func product(x, y float64) float64 { return float64(x * y) }

// expMinus returns e^-x for x ≥ 0, with an error below 1e-9: the whole part by
// repeated multiplication, the fraction by its power series.
func expMinus(x float64) float64 {
	const tooSmall = 40
	if x > tooSmall {
		return 0
	}
	whole := math.Floor(x)
	fraction := x - whole
	sum, term := 1.0, 1.0
	for n := 1.0; n <= 12; n++ {
		term = product(term, -fraction) / n
		sum += term
	}
	for range int(whole) {
		sum = product(sum, 1/math.E)
	}
	return sum
}

// ln returns the natural logarithm of x > 0, with an error below 1e-12, by the
// series of the inverse hyperbolic tangent.
func ln(x float64) float64 {
	mantissa, exponent := math.Frexp(x)
	t := (mantissa - math.Sqrt2/2) / (mantissa + math.Sqrt2/2)
	square := product(t, t)
	sum, power := 0.0, t
	for n := 1.0; n < 32; n += 2 {
		sum += power / n
		power = product(power, square)
	}
	return product(2, sum) + product(float64(exponent)-0.5, math.Ln2)
}
