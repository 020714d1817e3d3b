package lite

import (
	"io"

	pictures "github.com/djok/facecraft/internal/photo"
)

// orientation is EXIF's: how a camera was held. Values 1 to 8.
type orientation int

const upright orientation = pictures.Upright

// sideways tells whether width and height change places.
func (o orientation) sideways() bool { return o >= 5 }

func readOrientation(r seekableFile) orientation {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return upright // a photo must not fail over its metadata
	}
	return orientation(pictures.Orientation(r, size))
}
