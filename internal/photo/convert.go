package photo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"io"

	"golang.org/x/image/tiff"
)

// maxConvertPixels bounds a conversion's memory, which holds the picture
// twice: in bytes eight times as much, with 16 bits a channel twelve times.
const maxConvertPixels = 50_000_000

// convertQuality leaves nothing to see of the conversion in a portrait, which
// is far smaller than the photo.
const convertQuality = 95

// Convert makes a JPEG of a picture that the servers cannot read as it is. The
// first picture of several is taken, transparency becomes white, and the
// orientation is kept.
func Convert(r io.ReaderAt, size int64, info Info) (data []byte, err error) {
	defer func() {
		// Decoders work on foreign bytes; one of ten thousand photos must not
		// end the others' processing.
		if fault := recover(); fault != nil {
			err = fmt.Errorf("it is damaged: its decoder failed (%v)", fault)
		}
	}()
	if int64(info.Width)*int64(info.Height) > maxConvertPixels {
		return nil, fmt.Errorf("it has %d x %d pixels; %ss of at most %d million are converted here, so export it as JPEG",
			info.Width, info.Height, info.Format, maxConvertPixels/1_000_000)
	}
	f := file{r, size}
	decoded, err := decode(f, info.Format)
	if err != nil {
		return nil, fmt.Errorf("it is a %s that cannot be converted here (%w); export it as JPEG or PNG", info.Format, err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, opaque(decoded), &jpeg.Options{Quality: convertQuality}); err != nil {
		return nil, err
	}
	return withOrientation(out.Bytes(), Orientation(r, size)), nil
}

func decode(f file, format Format) (image.Image, error) {
	switch format {
	case JPEG:
		return jpeg.Decode(f.section())
	case GIF:
		return gif.Decode(f.section())
	case TIFF:
		return tiff.Decode(f.section())
	}
	return nil, errors.New("no decoder")
}

func opaque(src image.Image) image.Image {
	dst := image.NewRGBA(src.Bounds())
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, src, src.Bounds().Min, draw.Over)
	return dst
}

// withOrientation adds an EXIF segment to a JPEG that has none: the servers
// turn the picture by it.
func withOrientation(data []byte, orientation int) []byte {
	if orientation == Upright {
		return data
	}
	exif := append([]byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08"), // the directory follows
		0, 1, // one entry
		tagOrientation>>8, tagOrientation&0xff, 0, typeShort, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0) // no further directory
	return append(append(append([]byte{}, data[:2]...), exif...), data[2:]...)
}
