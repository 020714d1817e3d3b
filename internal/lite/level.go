package lite

import (
	"image"
	"math"

	"golang.org/x/image/math/f64"
)

// The expected places of the eyes of an upright face, relative to the centre of
// the detector's square and in units of its side.
const (
	eyeAbove, eyeBeside = 0.075, 0.18
	eyeWindow           = 0.25

	// The plausible distances of the eyes. Measured: 0.36 to 0.45.
	eyesNearest, eyesFarthest = 0.25, 0.6
	// mostSpread is how far apart the searches for one pupil may end, in sides of
	// the square. Measured: below 0.01 for eyes, above 0.05 elsewhere.
	mostSpread = 0.03
	// steepest is the largest slope at which the detector still finds a head,
	// 25°.
	steepest = 0.47
	// level is an invisible slope, 0.5°: not rotating keeps the portrait as sharp as
	// the photo.
	level = 0.009
)

// tilt finds a face's pupils in a scaled image and sets the turn that levels them.
// It reports whether it found them.
func (d *detector) tilt(f *face, grey *image.Gray, scale float64) bool {
	side := f.side * scale
	eye := func(beside float64) (point, float64) {
		near := point{f.centerX*scale + beside*side, f.centerY*scale - eyeAbove*side}
		return d.pupils.find(grey, near, eyeWindow*side)
	}
	left, spreadLeft := eye(-eyeBeside)
	right, spreadRight := eye(eyeBeside)
	across, down := right.x-left.x, right.y-left.y
	apart := math.Hypot(across, down)
	switch {
	case max(spreadLeft, spreadRight) > mostSpread*side,
		apart < eyesNearest*side, apart > eyesFarthest*side,
		math.Abs(down) > steepest*across:
		return false
	case math.Abs(down) > level*across:
		f.turn = direction{across / apart, down / apart}
	}
	return true
}

// direction is a unit vector. The zero value means (1, 0): to the right.
type direction struct{ x, y float64 }

// upright maps the photo so that the face's eyes are level and its centre is the
// origin.
func (f face) upright() f64.Aff3 {
	c, s := f.turn.x, f.turn.y
	if c == 0 && s == 0 {
		c = 1
	}
	return f64.Aff3{
		c, s, -c*f.centerX - s*f.centerY,
		-s, c, s*f.centerX - c*f.centerY,
	}
}
