//go:build nodynamic

package photo

import (
	"image"
	"io"

	"github.com/gen2brain/heic"
)

// decodeHEIC reads an iPhone's photos with libheif in WebAssembly: no cgo, and
// whatever a broken file does to it stays in there. The build tag is the
// library's own: without it it looks for a libheif of the system, by which the
// program would be linked dynamically. So this file has it too, and a program
// that is built without the tag reads no HEIC. The decoder turns the picture
// upright, and keeps its compiled code from the first to the next.
var decodeHEIC func(io.Reader) (image.Image, error) = heic.Decode
