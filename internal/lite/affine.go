package lite

import "golang.org/x/image/math/f64"

// An f64.Aff3 maps (x, y) to (a[0]x + a[1]y + a[2], a[3]x + a[4]y + a[5]).
// Coordinates are continuous: a pixel's center lies at .5.

// turnUpright maps a stored image of w×h pixels to its upright orientation.
func (o orientation) turnUpright(w, h float64) f64.Aff3 {
	switch o {
	case 2:
		return f64.Aff3{-1, 0, w, 0, 1, 0}
	case 3:
		return f64.Aff3{-1, 0, w, 0, -1, h}
	case 4:
		return f64.Aff3{1, 0, 0, 0, -1, h}
	case 5:
		return f64.Aff3{0, 1, 0, 1, 0, 0}
	case 6:
		return f64.Aff3{0, -1, h, 1, 0, 0}
	case 7:
		return f64.Aff3{0, -1, h, -1, 0, w}
	case 8:
		return f64.Aff3{0, 1, 0, -1, 0, w}
	default:
		return f64.Aff3{1, 0, 0, 0, 1, 0}
	}
}

// scaleAndMove maps a point p to s·p + (dx, dy).
func scaleAndMove(s, dx, dy float64) f64.Aff3 {
	return f64.Aff3{s, 0, dx, 0, s, dy}
}

// then returns the map that applies first and then second.
func then(first, second f64.Aff3) f64.Aff3 {
	a, b := second, first
	return f64.Aff3{
		a[0]*b[0] + a[1]*b[3], a[0]*b[1] + a[1]*b[4], a[0]*b[2] + a[1]*b[5] + a[2],
		a[3]*b[0] + a[4]*b[3], a[3]*b[1] + a[4]*b[4], a[3]*b[2] + a[4]*b[5] + a[5],
	}
}
