package lite

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/webp"

	pictures "github.com/djok/facecraft/internal/photo"
)

// maxPixels protects against decompression bombs. The largest photos of today's
// phones have 50 megapixels.
const maxPixels = 50_000_000

// maxShrink limits the height of the strips that shrink works in.
const maxShrink = 16

// costly limits formats whose decoders take so much memory per pixel that a
// larger image would not fit in the container's memory: 23 bytes for HEIC, up to
// 110 for AVIF. Phones take 12 or 24 megapixels unless set to more.
var costly = map[pictures.Format]int{pictures.HEIC: 25_000_000, pictures.AVIF: 5_000_000}

// photo is a decoded image as stored, with its orientation.
type photo struct {
	pixels      image.Image
	orientation orientation
}

// format is an image format. The image package's registry is not used, because it
// also contains what other packages register.
type format struct {
	magic  string // '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
	{"\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"BM", bmp.DecodeConfig, bmp.Decode},
	{"RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode},
}

// seekableFile is a file to read an image from.
type seekableFile interface {
	io.ReadSeeker
	io.ReaderAt
}

// decodePhoto reads an image in any supported format, detected by content. An image
// with too many pixels is rejected before decoding.
func decodePhoto(r seekableFile) (*photo, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	f, known, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	var decoded image.Image
	if known {
		decoded, err = f.read(r)
	} else {
		decoded, err = readOther(r, size)
	}
	var tooLarge *tooLargeError
	switch {
	case errors.As(err, &tooLarge):
		return nil, err
	case err != nil:
		// Inspect knows more about what is wrong than a decoder.
		if _, cause := pictures.Inspect(r, size); cause != nil {
			err = cause
		}
		return nil, err
	}
	return &photo{decoded, orientation(pictures.Orientation(r, size))}, nil
}

// read decodes a file in one of the formats that the images support.
func (f format) read(r io.ReadSeeker) (image.Image, error) {
	buffered, err := fromStart(r)
	if err != nil {
		return nil, err
	}
	config, err := f.config(buffered)
	switch {
	case err != nil:
		return nil, err
	case config.Width <= 0 || config.Height <= 0:
		return nil, fmt.Errorf("empty image: %dx%d pixels", config.Width, config.Height)
	case int64(config.Width)*int64(config.Height) > maxPixels:
		return nil, &tooLargeError{config.Width, config.Height, maxPixels, ""}
	}
	if buffered, err = fromStart(r); err != nil {
		return nil, err
	}
	return f.decode(buffered)
}

// readOther decodes the formats that process converts for the images.
func readOther(r io.ReaderAt, size int64) (image.Image, error) {
	info, err := pictures.Inspect(r, size)
	if err != nil {
		return nil, err
	}
	limit, ok := costly[info.Format]
	if !ok {
		limit = maxPixels
	}
	if int64(info.Width)*int64(info.Height) > int64(limit) {
		return nil, &tooLargeError{info.Width, info.Height, limit, info.Format}
	}
	return pictures.Decode(r, size, info.Format)
}

// tooLargeError reports an image with too many pixels; format is set if the limit
// is specific to that format.
type tooLargeError struct {
	width, height, limit int
	format               pictures.Format
}

func (e *tooLargeError) Error() string {
	text := fmt.Sprintf("image too large: %dx%d pixels, the limit is %d megapixels", e.width, e.height, e.limit/1_000_000)
	if e.format != "" {
		text += fmt.Sprintf(" for %s; export it as JPEG", e.format)
	}
	return text
}

// readHeader finds the format, if the images support it.
func readHeader(r io.ReadSeeker) (_ format, known bool, _ error) {
	buffered, err := fromStart(r)
	if err != nil {
		return format{}, false, err
	}
	head, err := buffered.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return format{}, false, err
	}
	for _, f := range formats {
		if f.matches(head) {
			return f, true, nil
		}
	}
	return format{}, false, nil
}

func (f format) matches(head []byte) bool {
	if len(head) < len(f.magic) {
		return false
	}
	for i, c := range []byte(f.magic) {
		if c != '?' && c != head[i] {
			return false
		}
	}
	return true
}

func fromStart(r io.ReadSeeker) (*bufio.Reader, error) {
	_, err := r.Seek(0, io.SeekStart)
	return bufio.NewReader(r), err
}

// size returns the width and height of the upright photo in pixels.
func (p *photo) size() (w, h int) {
	size := p.pixels.Bounds().Size()
	if p.orientation.sideways() {
		return size.Y, size.X
	}
	return size.X, size.Y
}

// drawOn draws the upright photo, scaled by scale and then moved by dx, dy
// pixels, over dst's content.
func (p *photo) drawOn(dst *image.RGBA, kernel xdraw.Transformer, scale, dx, dy float64) {
	p.drawMapped(dst, kernel, scale, scaleAndMove(scale, dx, dy))
}

// drawMapped draws the upright photo over dst, mapped by a map that scales by
// scale. Orientation, crop, turn and scaling are one step, so that no full-size
// copy is ever made.
func (p *photo) drawMapped(dst *image.RGBA, kernel xdraw.Transformer, scale float64, mapped f64.Aff3) {
	stored := p.pixels.Bounds()
	toDst := then(p.orientation.turnUpright(float64(stored.Dx()), float64(stored.Dy())), mapped)
	pixels := p.pixels
	if n := min(int(1/scale), maxShrink); n >= 2 {
		pixels = shrink(pixels, n)
		toDst = then(f64.Aff3{float64(n), 0, 0, 0, float64(n), 0}, toDst)
	}
	kernel.Transform(dst, toDst, pixels, pixels.Bounds(), draw.Over, nil)
}

// shrink makes an image n times smaller by averaging blocks of n×n pixels, dropping
// incomplete blocks at the right and bottom. It works in strips of n rows, which
// the draw package converts quickly from any color model.
func shrink(src image.Image, n int) *image.RGBA {
	bounds := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, bounds.Dx()/n, bounds.Dy()/n))
	strip := image.NewRGBA(image.Rect(0, 0, dst.Rect.Dx()*n, n))
	for y := range dst.Rect.Dy() {
		draw.Draw(strip, strip.Rect, src, bounds.Min.Add(image.Pt(0, y*n)), draw.Src)
		averageBlocks(dst.Pix[y*dst.Stride:(y+1)*dst.Stride], strip, n)
	}
	return dst
}

func averageBlocks(row []byte, strip *image.RGBA, n int) {
	for x := 0; x < len(row); x += 4 {
		var sum [4]int
		for y := range n {
			block := strip.Pix[y*strip.Stride+x*n:][:4*n]
			for i := 0; i < len(block); i += 4 {
				sum[0] += int(block[i])
				sum[1] += int(block[i+1])
				sum[2] += int(block[i+2])
				sum[3] += int(block[i+3])
			}
		}
		for c, s := range sum {
			row[x+c] = byte(s / (n * n))
		}
	}
}
