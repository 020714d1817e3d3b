package api

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// Picture describes a portrait sent by a server.
type Picture struct {
	Format        string // png or jpg
	Width, Height int    // in pixels
	Bytes         int64
	// Background is the colour of the upper corners. If the server painted the
	// background, both corners are the same; if they differ, Plain is false.
	Background Colour
	Plain      bool
}

// decoding limits how many images are in memory at once: the largest take
// 64 MiB each.
var decoding = make(chan struct{}, 2)

var decoders = map[string]struct {
	config  func(io.Reader) (image.Config, error)
	picture func(io.Reader) (image.Image, error)
}{
	"png": {png.DecodeConfig, png.Decode},
	"jpg": {jpeg.DecodeConfig, jpeg.Decode},
}

// Examine decodes a whole portrait. An image of the wrong size is not decoded,
// because it could take any amount of memory. Errors are *Failed, except for
// read errors.
func Examine(file io.ReadSeeker, format string, o Options) (Picture, error) {
	decoding <- struct{}{}
	defer func() { <-decoding }()
	reader := &answerReader{reader: file}
	p, err := examine(reader, file, format, o)
	if reader.err != nil {
		return p, reader.err
	}
	return p, err
}

func examine(reader io.Reader, file io.Seeker, format string, o Options) (Picture, error) {
	p := Picture{Format: format}
	config, err := decoders[format].config(reader)
	if err != nil {
		return p, damaged(format, err)
	}
	if p.Width, p.Height = config.Width, config.Height; p.Width != o.Width || p.Height != o.Height {
		return p, &Failed{
			Detail:  fmt.Sprintf("an image of %dx%d pixels instead of %dx%d", p.Width, p.Height, o.Width, o.Height),
			Settled: true,
		}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return p, err
	}
	picture, err := unpack(format, reader)
	if err != nil {
		return p, damaged(format, err)
	}
	p.Background, p.Plain = background(picture)
	p.Bytes, err = file.Seek(0, io.SeekEnd)
	return p, err
}

// unpack decodes an image. Decoders parse untrusted bytes, and a panic must not
// end a batch.
func unpack(format string, r io.Reader) (picture image.Image, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("decoding failed: %v", fault)
		}
	}()
	return decoders[format].picture(r)
}

func damaged(format string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("the end is missing")
	}
	return &Failed{Detail: fmt.Sprintf("a damaged %s: %v", map[string]string{"png": "PNG", "jpg": "JPEG"}[format], err)}
}

// CheckBytes returns an error if the image is larger than limit bytes; 0 means
// no limit.
func (p Picture) CheckBytes(limit int64) error {
	if limit == 0 || p.Bytes <= limit {
		return nil
	}
	return &Failed{Detail: fmt.Sprintf("an image of %d bytes; the limit is %d", p.Bytes, limit), Settled: true}
}

const (
	// cornerSide is the side of the squares that are compared, in pixels.
	cornerSide = 8
	// alike is how much a channel may differ between equal colours. On a plain
	// background, JPEG changes it by less than 3.
	alike = 12
)

// background returns the colour of the upper corners. The lower ones would show
// the shoulders.
func background(picture image.Image) (colour Colour, plain bool) {
	b := picture.Bounds()
	side := min(cornerSide, b.Dx()/8, b.Dy()/8)
	plain = side > 0
	for y := range side {
		for x := range side {
			for _, at := range []int{b.Min.X + x, b.Max.X - 1 - x} {
				r, g, b, a := picture.At(at, b.Min.Y+y).RGBA()
				now := Colour{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
				if x == 0 && y == 0 && at == picture.Bounds().Min.X {
					colour = now
				}
				plain = plain && a == 0xffff && colour.Alike(now)
			}
		}
	}
	return colour, plain
}

// Alike reports whether two colours look the same.
func (c Colour) Alike(other Colour) bool {
	for i := range c {
		if max(c[i], other[i])-min(c[i], other[i]) > alike {
			return false
		}
	}
	return true
}

// Swapped returns the colour with red and blue swapped.
func (c Colour) Swapped() Colour { return Colour{c[2], c[1], c[0]} }
