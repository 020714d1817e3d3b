package api

import (
	"fmt"
	"strconv"
)

// The ranges that the server's own schema declares, in
// src/facecraft/api/schemas/requests.py of https://github.com/djok/facecraft.
// Its routes do not check them: a negative size ends in an OpenCV assertion.
const (
	MinSide = 64
	MaxSide = 4096 // in pixels
)

// Colour is red, green and blue, each from 0 to 255.
type Colour [3]uint8

func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// Options are how a portrait is to look.
type Options struct {
	Width, Height int // in pixels
	Background    Colour
	Margin        float64 // around the face, in parts of its size: 0 to 1
	Oval          bool    // without it there is no PNG, only a JPEG
	Enhance       bool
	Fidelity      float64 // of the enhancement: 0 is the smoothest, 1 closest to the photo
	// CropOnly leaves everything but the frame as it is. Only the built-in engine
	// knows it.
	CropOnly bool
}

// DefaultOptions are those that the routes use when nothing is said.
func DefaultOptions() Options {
	return Options{Width: 648, Height: 648, Background: Colour{240, 240, 240}, Margin: 0.3, Oval: true, Enhance: true, Fidelity: 0.7}
}

// Check refuses what the server cannot do.
func (o Options) Check() error {
	switch {
	case o.Width < MinSide || o.Width > MaxSide || o.Height < MinSide || o.Height > MaxSide:
		return fmt.Errorf("a portrait of %dx%d pixels: each side must have %d to %d", o.Width, o.Height, MinSide, MaxSide)
	case !(o.Margin >= 0 && o.Margin <= 1): // so that NaN is refused
		return fmt.Errorf("a margin of %v: it must be from 0 to 1", o.Margin)
	case !(o.Fidelity >= 0 && o.Fidelity <= 1):
		return fmt.Errorf("a fidelity of %v: it must be from 0 to 1", o.Fidelity)
	}
	return nil
}

// fields are the form's. All are sent, so that a server with other defaults
// gives the same portrait.
func (o Options) fields() [][2]string {
	fields := [][2]string{
		{"width", strconv.Itoa(o.Width)},
		{"height", strconv.Itoa(o.Height)},
		{"background_r", strconv.Itoa(int(o.Background[0]))},
		{"background_g", strconv.Itoa(int(o.Background[1]))},
		{"background_b", strconv.Itoa(int(o.Background[2]))},
		{"face_margin", number(o.Margin)},
		{"use_oval_mask", strconv.FormatBool(o.Oval)},
		{"enhance_face", strconv.FormatBool(o.Enhance)},
		{"enhance_fidelity", number(o.Fidelity)},
	}
	if o.CropOnly {
		fields = append(fields, [2]string{"crop_only", "true"})
	}
	return fields
}

// String names all options in one line, the same for the same portraits.
func (o Options) String() string {
	if o.CropOnly {
		return fmt.Sprintf("%dx%d margin=%s crop only", o.Width, o.Height, number(o.Margin))
	}
	return fmt.Sprintf("%dx%d background=%s margin=%s oval=%t enhance=%t fidelity=%s",
		o.Width, o.Height, o.Background, number(o.Margin), o.Oval, o.Enhance, number(o.Fidelity))
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
