package api

import (
	"fmt"
	"strconv"
)

// The ranges declared by the server's schema, in
// src/facecraft/api/schemas/requests.py of https://github.com/djok/facecraft.
// Its routes do not check them: a negative size causes an OpenCV assertion.
const (
	MinSide = 64
	MaxSide = 4096 // in pixels
)

// Colour is red, green and blue, each from 0 to 255.
type Colour [3]uint8

func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// Options say what a portrait should look like.
type Options struct {
	Width, Height int // in pixels
	Background    Colour
	Margin        float64 // around the face, as a fraction of its size: 0 to 1
	Oval          bool    // if false, there is no PNG, only a JPEG
	Enhance       bool
	Fidelity      float64 // of the enhancement, from 0 (smoothest) to 1 (closest to the photo)
	// CropOnly leaves the photo unchanged apart from cropping. Only the built-in
	// engine supports it.
	CropOnly bool
}

// DefaultOptions returns the defaults of the server's routes.
func DefaultOptions() Options {
	return Options{
		Width:      648,
		Height:     648,
		Background: Colour{240, 240, 240},
		Margin:     0.3,
		Oval:       true,
		Enhance:    true,
		Fidelity:   0.7,
	}
}

// Check returns an error for options the server cannot handle.
func (o Options) Check() error {
	switch {
	case o.Width < MinSide || o.Width > MaxSide || o.Height < MinSide || o.Height > MaxSide:
		return fmt.Errorf("invalid size %dx%d: each side must be %d to %d pixels", o.Width, o.Height, MinSide, MaxSide)
	case !(o.Margin >= 0 && o.Margin <= 1): // also false for NaN
		return fmt.Errorf("invalid margin %v: it must be between 0 and 1", o.Margin)
	case !(o.Fidelity >= 0 && o.Fidelity <= 1):
		return fmt.Errorf("invalid fidelity %v: it must be between 0 and 1", o.Fidelity)
	}
	return nil
}

// fields returns all form fields, so that a server with different defaults
// makes the same portrait.
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

// String lists all options on one line. Equal strings mean equal portraits.
func (o Options) String() string {
	if o.CropOnly {
		return fmt.Sprintf("%dx%d margin=%s crop only", o.Width, o.Height, number(o.Margin))
	}
	return fmt.Sprintf("%dx%d background=%s margin=%s oval=%t enhance=%t fidelity=%s",
		o.Width, o.Height, o.Background, number(o.Margin), o.Oval, o.Enhance, number(o.Fidelity))
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
