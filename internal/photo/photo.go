// Package photo looks into picture files: what they are by their content,
// whatever they are called, whether they are whole, and whether a server can
// read them as they are. It reads headers only, so that a file of any size
// costs little.
package photo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Format is a kind of picture file.
type Format string

// The formats that can become a portrait. The first four are those that the
// servers read; the others are converted here.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	BMP  Format = "BMP"
	WebP Format = "WebP"
	TIFF Format = "TIFF"
	GIF  Format = "GIF"
)

const (
	// MaxBytes bounds a photo. The largest camera JPEGs have a third of it.
	MaxBytes = 100 << 20
	// MaxPixels bounds what a few bytes can make a server unpack. Cameras of
	// the medium format have 100 megapixels.
	MaxPixels = 110_000_000
)

// Info is what a file's headers say.
type Info struct {
	Format        Format
	Width, Height int // in pixels, as stored
	// Convert tells that the servers cannot read it as it is, but Convert can.
	Convert bool
}

var (
	errEmpty      = errors.New("it is empty")
	errNoPicture  = errors.New("it is no picture, whatever its name")
	errCutOff     = errors.New("it is cut off: the end of the picture is missing")
	errDamaged    = errors.New("it is damaged: its headers contradict each other")
	errNoJPEGKind = errors.New("it is a JPEG of a rare kind (lossless, arithmetic or 12 bits deep); save it as an ordinary JPEG")
	errAnimated   = errors.New("it is an animated WebP; save one picture of it as JPEG or PNG")
	errRaw        = errors.New("it is a camera's raw file; export it as JPEG or TIFF")
)

// magic is how a kind of file begins; '?' stands for any byte.
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
	{"????ftypavi", refuse("an AVIF picture")},
	{"????ftyphe", refuseHEIC},
	{"????ftypmi", refuseHEIC},
	{"????ftypms", refuseHEIC},
	{"????ftypcrx", refuseRaw},
	{"FUJIFILMCCD-RAW", refuseRaw},
	{"IIRO", refuseRaw},
	{"IIU\x00", refuseRaw},
	{"8BPS", refuse("a Photoshop file")},
	{"%PDF-", refuse("a PDF")},
	{"\xff\x0a", refuse("a JPEG XL picture")},
	{"\x00\x00\x00\x0cJXL ", refuse("a JPEG XL picture")},
	{"\x00\x00\x00\x0cjP  ", refuse("a JPEG 2000 picture")},
	{"\x00\x00\x01\x00?\x00", refuse("an icon (ICO)")},
}

func refuse(what string) func(file) (Info, error) {
	return func(file) (Info, error) { return Info{}, fmt.Errorf("it is %s; export it as JPEG or PNG", what) }
}

func refuseHEIC(file) (Info, error) {
	return Info{}, errors.New("it is a HEIC picture; export it as JPEG " +
		"(iPhone: Settings > Camera > Formats > Most Compatible)")
}

func refuseRaw(file) (Info, error) { return Info{}, errRaw }

// headBytes is how much of a file is looked at: an SVG may begin with a
// declaration and a comment.
const headBytes = 512

// IsPicture tells whether a file begins like a picture of any kind, also of
// one that is refused.
func IsPicture(r io.ReaderAt) bool {
	head := make([]byte, headBytes)
	n, _ := r.ReadAt(head, 0) // what cannot be read is no picture
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
		return refuse("a Netpbm picture (PBM, PGM or PPM)")
	case svg.Match(head):
		return refuse("a drawing (SVG)")
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

// Inspect reads the headers of a file of size bytes. An error says, as the
// end of a sentence that begins with the file's name, why it cannot become a
// portrait.
func Inspect(r io.ReaderAt, size int64) (Info, error) {
	switch {
	case size == 0:
		return Info{}, errEmpty
	case size > MaxBytes:
		return Info{}, fmt.Errorf("it is larger than %d MB", MaxBytes>>20)
	}
	head := make([]byte, min(headBytes, size))
	if _, err := r.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Info{}, err
	}
	if len(bytes.TrimLeft(head, "\x00")) == 0 {
		return Info{}, errors.New("it is blank: nothing but zeros, as a broken copy leaves them")
	}
	inspect := inspector(head)
	if inspect == nil && isTGA(file{r, size}) {
		inspect = refuse("a TGA picture")
	}
	if inspect == nil {
		return Info{}, errNoPicture
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
		return Info{}, fmt.Errorf("it claims %d x %d pixels; at most %d million are taken",
			info.Width, info.Height, MaxPixels/1_000_000)
	}
	return info, nil
}

// file is a file of known size. Reading beyond its end is io.EOF.
type file struct {
	io.ReaderAt
	size int64
}

// bytes reads n bytes at an offset, all of them or io.EOF.
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
