package lite

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/bmp"
	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/tiff"
)

var (
	red   = color.RGBA{255, 0, 0, 255}
	green = color.RGBA{0, 255, 0, 255}
	blue  = color.RGBA{0, 0, 255, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// quarters is an image of four colors, row by row from the upper left.
func quarters(w, h int, colors [4]color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i, c := range colors {
		quarter := image.Rect(0, 0, w/2, h/2).Add(image.Pt(i%2*w/2, i/2*h/2))
		draw.Draw(img, quarter, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return img
}

// exifSegment is an APP1 segment that holds only an orientation.
func exifSegment(order binary.AppendByteOrder, o orientation) []byte {
	data := append([]byte("Exif\x00\x00"), exifBlock(order, o)...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(data)+2)), data...)
}

// exifBlock is a TIFF that holds only an orientation.
func exifBlock(order binary.AppendByteOrder, o orientation) []byte {
	tiff := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8) // the directory follows
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range []struct{ tag, value uint16 }{{0x010f, 7}, {0x0112, uint16(o)}} {
		tiff = order.AppendUint16(tiff, entry.tag)
		tiff = order.AppendUint16(tiff, 3) // a short
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry.value)
		tiff = order.AppendUint16(tiff, 0)
	}
	return order.AppendUint32(tiff, 0)
}

// jpegHeld is a JPEG file with segments before its own.
func jpegHeld(t testing.TB, img image.Image, segments ...[]byte) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	plain := file.Bytes()
	return bytes.Join([][]byte{plain[:2], bytes.Join(segments, nil), plain[2:]}, nil)
}

// pngHeld is a PNG file with a chunk behind its header.
func pngHeld(t testing.TB, img image.Image, exif []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	const header = 8 + 25
	chunk := append([]byte("eXIf"), exif...)
	checksum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk))
	return bytes.Join([][]byte{file.Bytes()[:header], binary.BigEndian.AppendUint32(nil, uint32(len(exif))), chunk,
		checksum, file.Bytes()[header:]}, nil)
}

// webpQuarters is a WebP file of 16×8 pixels, with the quarters red, green,
// blue and white: libwebp's, lossless.
const webpQuarters = "UklGRjYAAABXRUJQVlA4TCkAAAAvD8ABAB8gEEjeHzqN+RcQFPwf3fxHZA+AMNtokpOc5P2OIaL/Ufph+wA="

// webpHeld puts that picture into a file of the extended format, whose
// metadata comes last.
func webpHeld(t testing.TB, exif []byte) []byte {
	t.Helper()
	plain, err := base64.StdEncoding.DecodeString(webpQuarters)
	if err != nil {
		t.Fatal(err)
	}
	const hasEXIF = 8
	file := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), hasEXIF, 0, 0, 0, 15, 0, 0, 7, 0, 0)
	file = append(file, plain[12:]...)
	file = binary.LittleEndian.AppendUint32(append(file, "EXIF"...), uint32(len(exif)))
	file = append(file, exif...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(file))), file...)
}

// TestOrientation reads the same picture held in eight ways. The expectation
// is EXIF's own definition: where the stored first row and column belong.
func TestOrientation(t *testing.T) {
	t.Parallel()
	stored := quarters(64, 32, [4]color.RGBA{red, green, blue, white})
	jfif := []byte{0xff, 0xe0, 0, 4, 'x', 'x'}
	mark := []byte("Exif\x00\x00") // some encoders write it into chunks
	files := func(order binary.AppendByteOrder, o orientation) map[string][]byte {
		return map[string][]byte{
			"JPEG":          jpegHeld(t, stored, jfif, exifSegment(order, o)),
			"PNG":           pngHeld(t, stored, exifBlock(order, o)),
			"PNG and mark":  pngHeld(t, stored, append(mark, exifBlock(order, o)...)),
			"WebP":          webpHeld(t, exifBlock(order, o)),
			"WebP and mark": webpHeld(t, append(mark, exifBlock(order, o)...)),
		}
	}
	for o, want := range map[orientation][4]color.RGBA{
		1: {red, green, blue, white}, // first row above, first column left
		2: {green, red, white, blue}, // above, right
		3: {white, blue, green, red}, // below, right
		4: {blue, white, red, green}, // below, left
		5: {red, blue, green, white}, // left, above
		6: {blue, red, white, green}, // right, above
		7: {white, green, blue, red}, // right, below
		8: {green, white, red, blue}, // left, below
		9: {red, green, blue, white}, // unknown: as stored
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			for format, file := range files(order, o) {
				checkHeld(t, fmt.Sprintf("%s, orientation %d (%v)", format, o, order), file, o >= 5 && o <= 8, want)
			}
		}
	}
}

// checkHeld checks a 2:1 image that may be rotated sideways.
func checkHeld(t *testing.T, name string, file []byte, sideways bool, want [4]color.RGBA) {
	t.Helper()
	p, err := decodePhoto(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	w, h := p.size()
	if sideways && 2*w != h || !sideways && w != 2*h {
		t.Errorf("%s: size %d×%d", name, w, h)
	}
	shown := image.NewRGBA(image.Rect(0, 0, w, h))
	p.drawOn(shown, xdraw.CatmullRom, 1, 0, 0)
	for i, c := range want {
		x, y := w/4+i%2*w/2, h/4+i/2*h/2
		if got := shown.RGBAAt(x, y); !near(int(got.R), int(c.R), 12) || !near(int(got.G), int(c.G), 12) ||
			!near(int(got.B), int(c.B), 12) {
			t.Errorf("%s: color %v at %d,%d, want %v", name, got, x, y, c)
		}
	}
	if edge := shown.RGBAAt(w-1, h-1); edge.A != 255 {
		t.Errorf("%s: the last pixel is %v", name, edge)
	}
}

// TestFaceOfAPhotoHeldSideways finds the astronaut where she is in the upright
// photo, at its full size.
func TestFaceOfAPhotoHeldSideways(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	astronaut, err := png.Decode(bytes.NewReader(testFile(t, "astronaut.png")))
	if err != nil {
		t.Fatal(err)
	}
	const n = 1536 // three times her size: reduced for the detector
	stored := image.NewRGBA(image.Rect(0, 0, n, n))
	for y := range n {
		for x := range n {
			stored.Set(x, y, astronaut.At((n-1-y)/3, x/3))
		}
	}
	e := newTestEngine(t)
	file := part{"file", "a.jpg", string(jpegHeld(t, stored, exifSegment(binary.BigEndian, 6)))}
	answer := decode[processAnswer](t, post(t, e, "/api/v1/process", file))
	if !answer.Success {
		t.Fatalf("answer %+v", answer)
	}
	if f := answer.Result.FacePosition; !near(f.X+f.Width/2, 3*224, 24) || !near(f.Y+f.Height/2, 3*113, 24) {
		t.Errorf("face at %+v", f)
	}
	portrait, err := jpeg.Decode(get(t, e, *answer.JPGURL).Body)
	if err != nil {
		t.Fatal(err)
	}
	checkFaceCentred(t, portrait)
}

// TestLargestFace shows the astronaut twice, once at half her size.
func TestLargestFace(t *testing.T) {
	t.Parallel()
	astronaut, err := png.Decode(bytes.NewReader(testFile(t, "astronaut.png")))
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	for _, places := range [][2]image.Rectangle{
		{image.Rect(0, 0, 400, 400), image.Rect(400, 0, 600, 200)},
		{image.Rect(200, 0, 600, 400), image.Rect(0, 0, 200, 200)},
	} {
		both := image.NewRGBA(image.Rect(0, 0, 600, 400))
		for _, place := range places {
			xdraw.CatmullRom.Scale(both, place, astronaut, astronaut.Bounds(), xdraw.Src, nil)
		}
		f, ok := d.largestFace(&photo{both, upright})
		if large := places[0]; !ok || !near(int(f.centerX), large.Min.X+175, 10) || !near(int(f.centerY), 88, 10) {
			t.Errorf("face %+v (%v), the larger photo is at %v", f, ok, large)
		}
	}
}

// webpFile is a red picture of 8×4 pixels, written by a browser.
const webpFile = "UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoIAAQAAUAmJaACdLoB+AADsAD+8ut//NgVzXPv9//S4P0uD9Lg/9KQAAA="

func TestFormats(t *testing.T) {
	t.Parallel()
	picture := quarters(20, 10, [4]color.RGBA{red, green, blue, white})
	encode := func(encode func(*bytes.Buffer) error) []byte {
		var file bytes.Buffer
		if err := encode(&file); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	webp, err := base64.StdEncoding.DecodeString(webpFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file []byte
		size image.Point
	}{
		"jpeg": {jpegHeld(t, picture), image.Pt(20, 10)},
		"png":  {encode(func(b *bytes.Buffer) error { return png.Encode(b, picture) }), image.Pt(20, 10)},
		"bmp":  {encode(func(b *bytes.Buffer) error { return bmp.Encode(b, picture) }), image.Pt(20, 10)},
		"webp": {webp, image.Pt(8, 4)},
		"tiff": {encode(func(b *bytes.Buffer) error { return tiff.Encode(b, picture, nil) }), image.Pt(20, 10)},
		"gif":  {encode(func(b *bytes.Buffer) error { return gif.Encode(b, picture, nil) }), image.Pt(20, 10)},
	} {
		p, err := decodePhoto(bytes.NewReader(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if size := p.pixels.Bounds().Size(); size != test.size {
			t.Errorf("%s: size %v, want %v", name, size, test.size)
		}
	}
}

func TestPixelLimit(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{50_001, 1_000}, {1 << 16, 1 << 16}} {
		_, err := decodePhoto(bytes.NewReader([]byte(bmpHeader(uint32(size.X), uint32(size.Y)))))
		var tooLarge *tooLargeError
		if !errors.As(err, &tooLarge) || tooLarge.width != size.X || tooLarge.height != size.Y {
			t.Errorf("%v: error %v", size, err)
		}
	}
	if _, err := decodePhoto(bytes.NewReader([]byte(bmpHeader(0, 10)))); err == nil {
		t.Error("a picture without pixels was read")
	}
}

func TestShrinkAverages(t *testing.T) {
	t.Parallel()
	src := image.NewGray(image.Rect(3, 5, 3+7, 5+4)) // the last column is dropped
	for i := range src.Pix {
		src.Pix[i] = byte(i % 2 * 100) // columns 0 100 0 | 100 0 100 | 0
	}
	for y := range 4 {
		copy(src.Pix[y*src.Stride:], []byte{0, 100, 0, 100, 0, 100, 7})
	}
	got := shrink(src, 3)
	if got.Rect != image.Rect(0, 0, 2, 1) {
		t.Fatalf("size %v", got.Rect)
	}
	want := []byte{33, 33, 33, 255, 66, 66, 66, 255}
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("pixels %v, want %v", got.Pix, want)
	}
}

// FuzzDecodePhoto feeds the readers of headers and EXIF; the seeds are small
// for the decoders' sake.
func FuzzDecodePhoto(f *testing.F) {
	picture := quarters(8, 8, [4]color.RGBA{red, green, blue, white})
	f.Add(jpegHeld(f, picture, exifSegment(binary.LittleEndian, 6)))
	f.Add(jpegHeld(f, picture, exifSegment(binary.BigEndian, 3)))
	f.Add(pngHeld(f, picture, exifBlock(binary.BigEndian, 8)))
	f.Add(webpHeld(f, exifBlock(binary.LittleEndian, 5)))
	f.Add([]byte(bmpHeader(4, 4)))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	f.Fuzz(func(t *testing.T, file []byte) {
		format, known, err := readHeader(bytes.NewReader(file))
		if err != nil || !known {
			return
		}
		config, err := format.config(bytes.NewReader(file))
		if err != nil || config.Width*config.Height > 1<<16 {
			return // no megabytes for every try
		}
		p, err := decodePhoto(bytes.NewReader(file))
		if err != nil {
			return
		}
		if w, h := p.size(); w*h != config.Width*config.Height {
			t.Errorf("size %d×%d, header %d×%d", w, h, config.Width, config.Height)
		}
	})
}

func TestUploadsAreKeptOnlyWhole(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	name, err := e.uploads.save(bytes.NewReader([]byte("photo")))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(e.cfg.UploadDir, name))
	if err != nil || string(data) != "photo" || !uploadName.MatchString(name) {
		t.Errorf("%s holds %q (%v)", name, data, err)
	}
	if err := e.uploads.remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := e.uploads.save(bytes.NewReader(make([]byte, maxUploadBytes+1))); !errors.Is(err, errUploadTooLarge) {
		t.Errorf("error %v", err)
	}
	wantNoUploads(t, e)
}
