//go:build !nodynamic

package photo

import (
	"image"
	"io"
)

// decodeHEIC is nil: heic.go says why.
var decodeHEIC func(io.Reader) (image.Image, error)
