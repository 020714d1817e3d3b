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

// maxConvertPixels limits the memory a conversion takes. It holds the image
// twice: 8 bytes per pixel, or 12 at 16 bits per channel, and 21 for HEIC.
const maxConvertPixels = 50_000_000

// maxAVIFPixels is lower because its decoder takes 68 bytes per pixel, and 110 at
// 10 bits per channel (measured with 12 megapixels). Larger AVIFs are rare: it is
// a format of the web, not of cameras.
const maxAVIFPixels = 12_000_000

// convertQuality is high enough that a portrait, which is far smaller than
// the photo, shows no trace of the conversion.
const convertQuality = 95

// Convert turns an image that the servers cannot read into a JPEG. It takes
// the first frame, makes transparent areas white and keeps the orientation.
func Convert(r io.ReaderAt, size int64, info Info) ([]byte, error) {
	limit := maxConvertPixels
	if info.Format == AVIF {
		limit = maxAVIFPixels
	}
	if int64(info.Width)*int64(info.Height) > int64(limit) {
		return nil, fmt.Errorf(
			"the image has %d x %d pixels, but only %s files of up to %d million can be converted; export it as JPEG",
			info.Width, info.Height, info.Format, limit/1_000_000)
	}
	decoded, err := Decode(r, size, info.Format)
	if err != nil {
		return nil, fmt.Errorf("this %s cannot be converted (%w); export it as JPEG or PNG", info.Format, err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, opaque(decoded), &jpeg.Options{Quality: convertQuality}); err != nil {
		return nil, err
	}
	return withOrientation(out.Bytes(), Orientation(r, size)), nil
}

// Decode decodes the first frame of an image that the servers cannot read, as
// stored: Orientation says how to turn it. It takes much more memory than the
// pixels: check the size first.
func Decode(r io.ReaderAt, size int64, format Format) (decoded image.Image, err error) {
	defer func() {
		// Decoders parse untrusted bytes; one bad photo out of ten thousand
		// must not stop the rest.
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the file is damaged: decoding it failed (%v)", fault)
		}
	}()
	return decode(file{r, size}, format)
}

func decode(f file, format Format) (image.Image, error) {
	switch format {
	case JPEG:
		return jpeg.Decode(f.section())
	case GIF:
		return gif.Decode(f.section())
	case TIFF:
		return tiff.Decode(f.section())
	case HEIC:
		return decodeHEIC(f.section())
	case AVIF:
		return decodeAVIF(f.section())
	}
	return nil, errors.New("no decoder")
}

func opaque(src image.Image) image.Image {
	dst := image.NewRGBA(src.Bounds())
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, src, src.Bounds().Min, draw.Over)
	return dst
}

// withOrientation adds an EXIF segment to a JPEG without one: the servers
// rotate the image according to it.
func withOrientation(data []byte, orientation int) []byte {
	if orientation == Upright {
		return data
	}
	exif := append([]byte("\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08"), // followed by the directory
		0, 1, // one entry
		tagOrientation>>8, tagOrientation&0xff, 0, typeShort, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0) // no more directories
	return append(append(append([]byte{}, data[:2]...), exif...), data[2:]...)
}
