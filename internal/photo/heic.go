//go:build nodynamic

package photo

import (
	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"
)

// The decoders for phone formats are libheif and libavif compiled to WebAssembly:
// no cgo, and damage from a broken file is contained. The build tag comes from
// the libraries: without it, they look for a shared system library, which would
// make the program dynamically linked. So this file has the same tag, and a
// program built without it reads neither format. Both decoders keep the compiled
// module after the first photo. heic rotates the picture upright; avif leaves
// that to the caller.
var (
	decodeHEIC decoder = heic.Decode
	decodeAVIF decoder = avif.Decode
)
