package lite

import pictures "github.com/djok/facecraft/internal/photo"

// orientation is the EXIF orientation, from 1 to 8: how the camera was held.
type orientation int

const upright orientation = pictures.Upright

// sideways reports whether width and height are swapped.
func (o orientation) sideways() bool { return o >= 5 }
