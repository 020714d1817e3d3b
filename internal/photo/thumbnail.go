package photo

import (
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"

	"golang.org/x/image/draw"
)

// Thumbnail writes a small PNG of a portrait, at most side pixels wide and high.
func Thumbnail(w io.Writer, path string, side int) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	info, err := Inspect(file, stat.Size())
	if err != nil {
		return err
	}
	var picture image.Image
	switch {
	case info.Width*info.Height > maxConvertPixels:
		return fmt.Errorf("the image has %d x %d pixels", info.Width, info.Height)
	case info.Format == PNG:
		picture, err = png.Decode(file)
	default:
		picture, err = jpeg.Decode(file)
	}
	if err != nil {
		return err
	}
	size := picture.Bounds().Size()
	scale := min(1, float64(side)/float64(max(size.X, size.Y)))
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(size.X)*scale)), max(1, int(float64(size.Y)*scale))))
	draw.ApproxBiLinear.Scale(small, small.Rect, picture, picture.Bounds(), draw.Src, nil)
	return png.Encode(w, small)
}
