// Package photo inspects image files: their format (by content, not by name),
// whether they are complete, and whether a server can read them directly. It
// reads only headers, so large files are as cheap as small ones.
package photo

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/djok/facecraft/internal/format"
)

// Format is an image file format.
type Format string

// The supported formats. The servers read the first four directly; the others
// are converted before the upload.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	BMP  Format = "BMP"
	WebP Format = "WebP"
	TIFF Format = "TIFF"
	GIF  Format = "GIF"
	HEIC Format = "HEIC"
	AVIF Format = "AVIF"
)

const (
	// MaxBytes limits the size of a photo. The largest camera JPEGs are about
	// a third of that.
	MaxBytes = 100 << 20
	// MaxPixels protects servers from decompression bombs. Medium-format
	// cameras have 100 megapixels.
	MaxPixels = 110_000_000
)

// Info describes an image, according to the file's headers.
type Info struct {
	Format        Format
	Width, Height int // in pixels, as stored
	// Convert is true if the servers cannot read the file directly; the
	// function Convert turns it into a JPEG.
	Convert bool
}

var (
	errEmpty    = errors.New("the file is empty")
	errNotImage = errors.New("not an image file")
	errCutOff   = errors.New("the file is incomplete: the end of the image is missing")
	errDamaged  = errors.New("the file is damaged: its headers are inconsistent")
	errRareJPEG = errors.New("lossless, arithmetic-coded and 12-bit JPEG is not supported; save it as a standard JPEG")
	errAnimated = errors.New("animated WebP is not supported; save one frame as JPEG or PNG")
	errRaw      = errors.New("camera raw files are not supported; export it as JPEG or TIFF")
)

// magic is the beginning of files of a format; '?' stands for any byte.
type magic struct {
	begins  string
	inspect func(file) (Info, error)
}

var magics = []magic{
	{"\xff\xd8\xff", inspectJPEG},
	{"\x89PNG\r\n\x1a\n", inspectPNG},
	{"BM", inspectBMP},
	{"RIFF????WEBP", inspectWebP},
	{"GIF87a", inspectGIF},
	{"GIF89a", inspectGIF},
	{"II*\x00", inspectTIFF},
	{"MM\x00*", inspectTIFF},
	{"????ftypavi", inspectHEIF},
	{"????ftyphe", inspectHEIF},
	{"????ftypmi", inspectHEIF},
	{"????ftypms", inspectHEIF},
	{"????ftypcrx", refuseRaw},
	{"FUJIFILMCCD-RAW", refuseRaw},
	{"IIRO", refuseRaw},
	{"IIU\x00", refuseRaw},
	{"8BPS", refuse("Photoshop")},
	{"%PDF-", refuse("PDF")},
	{"\xff\x0a", refuse("JPEG XL")},
	{"\x00\x00\x00\x0cJXL ", refuse("JPEG XL")},
	{"\x00\x00\x00\x0cjP  ", refuse("JPEG 2000")},
	{"\x00\x00\x01\x00?\x00", refuse("ICO")},
}

func refuse(format string) func(file) (Info, error) {
	return func(file) (Info, error) {
		return Info{}, fmt.Errorf("%s is not supported; export it as JPEG or PNG", format)
	}
}

func refuseRaw(file) (Info, error) { return Info{}, errRaw }

// headBytes is how many bytes of a file are checked for its format: an SVG may
// begin with a declaration and a comment.
const headBytes = 512

// IsPicture reports whether a file begins like an image, in a supported format
// or not.
func IsPicture(r io.ReaderAt) bool {
	head := make([]byte, headBytes)
	n, _ := r.ReadAt(head, 0) // an unreadable file does not count as an image
	return inspector(head[:n]) != nil
}

func inspector(head []byte) func(file) (Info, error) {
	for _, m := range magics {
		if m.matches(head) {
			return m.inspect
		}
	}
	switch {
	case netpbm.Match(head):
		return refuse("Netpbm (PBM, PGM or PPM)")
	case svg.Match(head):
		return refuse("SVG")
	}
	return nil
}

func (m magic) matches(head []byte) bool {
	if len(head) < len(m.begins) {
		return false
	}
	for i, c := range []byte(m.begins) {
		if c != '?' && c != head[i] {
			return false
		}
	}
	return true
}

// Inspect reads the headers of a file of size bytes. An error says why it
// cannot be processed; it is meant to be printed after the file's name.
func Inspect(r io.ReaderAt, size int64) (Info, error) {
	switch {
	case size == 0:
		return Info{}, errEmpty
	case size > MaxBytes:
		return Info{}, errors.New("the file is larger than " + format.Memory(MaxBytes))
	}
	head := make([]byte, min(headBytes, size))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Info{}, err
	}
	if len(bytes.TrimLeft(head, "\x00")) == 0 {
		return Info{}, errors.New("the file contains only zero bytes, like an interrupted copy; copy it again")
	}
	inspect := inspector(head)
	if inspect == nil && isTGA(file{r, size}) {
		inspect = refuse("TGA")
	}
	if inspect == nil {
		return Info{}, errNotImage
	}
	info, err := inspect(file{r, size})
	switch {
	case errors.Is(err, io.EOF):
		return Info{}, errCutOff
	case err != nil:
		return Info{}, err
	case info.Width <= 0 || info.Height <= 0:
		return Info{}, errDamaged
	case int64(info.Width)*int64(info.Height) > MaxPixels:
		return Info{}, fmt.Errorf("the image has %d x %d pixels; the limit is %d million",
			info.Width, info.Height, MaxPixels/1_000_000)
	}
	return info, nil
}

// file is a file of known size. Reading past its end returns io.EOF.
type file struct {
	io.ReaderAt
	size int64
}

// bytes reads exactly n bytes at an offset, or returns io.EOF.
func (f file) bytes(offset int64, n int) ([]byte, error) {
	if offset < 0 || offset > f.size-int64(n) {
		return nil, io.EOF
	}
	data := make([]byte, n)
	if read, err := f.ReadAt(data, offset); read < n {
		return nil, err
	}
	return data, nil
}

func (f file) section() *io.SectionReader { return io.NewSectionReader(f, 0, f.size) }
