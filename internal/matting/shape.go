package matting

import "math"

// Face is the position of a face in a picture: the detector's square from the
// eyebrows to the chin, in pixels. X and Y are its centre.
type Face struct{ X, Y, Side float64 }

// hint is what a pixel's place relative to the faces implies.
type hint uint8

const (
	maybeBackground hint = iota
	maybeForeground
	surelyBackground
	surelyForeground
)

// to maps a place in the photo to the face: its side is the unit, its centre the
// origin, and y grows downwards.
func (f Face) to(px, py float64) (u, v float64) { return (px - f.X) / f.Side, (py - f.Y) / f.Side }

// The shapes below were measured on portraits and photos of groups, with the
// square of pigo's detector as the unit: a chin lies at 0.6, hair ends at -0.9.

// isCore reports whether a place is certainly part of the person: the face's
// inside, or the middle of neck and chest.
func isCore(u, v float64) bool {
	return outsideEllipse(u, v, -0.05, 0.40, 0.60) < 0 || outsideTrapezoid(u, v, 0.6, 0.22, 2.3, 0.5) < 0
}

// outsideShape returns the distance of a place from an ordinary head with hair
// and shoulders, in sides of the face; negative inside.
func outsideShape(u, v float64) float64 {
	return min(outsideEllipse(u, v, -0.1, 0.68, 0.78), outsideTrapezoid(u, v, 0.75, 0.55, 2.3, 1.7))
}

// outsideEllipse returns the distance from an ellipse around 0, middle, which is
// approximate except on the axes.
func outsideEllipse(u, v, middle, halfWidth, halfHeight float64) float64 {
	x, y := u/halfWidth, (v-middle)/halfHeight
	return product(math.Sqrt(product(x, x)+product(y, y))-1, min(halfWidth, halfHeight))
}

// outsideTrapezoid returns the distance, sideways or upwards, from a trapezoid
// that widens from halfTop at top to halfBottom at bottom, and stays that wide
// below.
func outsideTrapezoid(u, v, top, halfTop, bottom, halfBottom float64) float64 {
	share := max(0, min(1, (v-top)/(bottom-top)))
	half := halfTop + product(share, halfBottom-halfTop)
	return max(math.Abs(u)-half, top-v)
}

// isBystander reports whether a place belongs to another face, its hair or the
// middle of its torso.
func isBystander(u, v float64) bool {
	return outsideEllipse(u, v, -0.08, 0.55, 0.75) < 0 || outsideTrapezoid(u, v, 0.6, 0.3, 2, 0.7) < 0
}
