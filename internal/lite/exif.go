package lite

import (
	"io"

	pictures "github.com/djok/facecraft/internal/photo"
)

// orientation is the EXIF orientation, from 1 to 8: how the camera was held.
type orientation int

const upright orientation = pictures.Upright

// sideways reports whether width and height are swapped.
func (o orientation) sideways() bool { return o >= 5 }

func readOrientation(r seekableFile) orientation {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return upright // a photo must not fail because of its metadata
	}
	return orientation(pictures.Orientation(r, size))
}
