//go:build nodynamic

package photo

import (
	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"
)

// The decoders of phones' formats are libheif and libavif compiled to
// WebAssembly: no cgo, and whatever a broken file does to them is contained.
// The build tag is the libraries' own: without it they look for a shared library
// of the system, which would make the program dynamic. So this file has the tag
// too, and a program built without it reads neither format. Both keep the
// compiled module from the first photo to the next. heic turns the picture
// upright; avif leaves that to the caller.
var (
	decodeHEIC decoder = heic.Decode
	decodeAVIF decoder = avif.Decode
)
