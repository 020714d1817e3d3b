package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// picture returns a small image with a red upper and a blue lower half.
func picture() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 24, 16))
	for y := range 16 {
		for x := range 24 {
			c := color.RGBA{200, 0, 0, 255}
			if y >= 8 {
				c = color.RGBA{0, 0, 200, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, format Format) []byte {
	t.Helper()
	var out bytes.Buffer
	var err error
	switch format {
	case JPEG:
		err = jpeg.Encode(&out, picture(), nil)
	case PNG:
		err = png.Encode(&out, picture())
	case BMP:
		err = bmp.Encode(&out, picture())
	case TIFF:
		err = tiff.Encode(&out, picture(), nil)
	case GIF:
		err = gif.Encode(&out, picture(), nil)
	case WebP:
		return webP("VP8L", []byte{0x2f, 23, 15 << 6 & 0xff, 15 >> 2, 0, 0})
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// webP returns a file with one chunk.
func webP(kind string, content []byte) []byte {
	content = append(content, make([]byte, 20)...)
	body := append([]byte("WEBP"+kind), binary.LittleEndian.AppendUint32(nil, uint32(len(content)))...)
	body = append(body, content...)
	return append(append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...), body...)
}

func inspect(data []byte) (Info, error) { return Inspect(bytes.NewReader(data), int64(len(data))) }

func TestInspectWholePictures(t *testing.T) {
	for _, format := range []Format{JPEG, PNG, BMP, WebP, TIFF, GIF} {
		want := Info{format, 24, 16, format == TIFF || format == GIF}
		if got, err := inspect(encoded(t, format)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
		// Cameras and editors append their own data.
		if got, err := inspect(append(encoded(t, format), make([]byte, 70_000)...)); err != nil || got != want {
			t.Errorf("%s with trailing data: %+v, %v", format, got, err)
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	whole := func(f Format) []byte { return encoded(t, f) }
	half := func(f Format) []byte { return whole(f)[:len(whole(f))/2] }
	bomb := whole(PNG)
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	flat := whole(PNG)
	binary.BigEndian.PutUint32(flat[20:], 0)
	deep := whole(JPEG)
	deep[bytes.Index(deep, []byte{0xff, markerSOF0})+4] = 12
	noDNG, err := inspect(preview(t))
	if err == nil {
		t.Errorf("the preview in a raw file was accepted: %+v", noDNG)
	}
	cases := map[string]struct {
		data []byte
		want string
	}{
		"nothing":          {nil, "the file is empty"},
		"zeros":            {make([]byte, 5000), "the file contains only zero bytes"},
		"text":             {[]byte("hello"), "not an image file"},
		"one byte":         {[]byte("B"), "not an image file"},
		"text like a BMP":  {[]byte("BMW makes cars and this is a text about them"), "not an image file"},
		"half a JPEG":      {half(JPEG), "the file is incomplete"},
		"half a PNG":       {half(PNG), "the file is incomplete"},
		"half a BMP":       {half(BMP), "the file is incomplete"},
		"half a WebP":      {half(WebP), "the file is incomplete"},
		"half a TIFF":      {half(TIFF), "the file is incomplete"},
		"start of a JPEG":  {[]byte("\xff\xd8\xff"), "the file is incomplete"},
		"a pixel bomb":     {bomb, "the image has 60000 x 60000 pixels"},
		"a flat picture":   {flat, "the file is damaged"},
		"a 12-bit JPEG":    {deep, "12-bit JPEG is not supported"},
		"an animated WebP": {webP("VP8X", []byte{2, 0, 0, 0, 23, 0, 0, 15, 0, 0}), "animated"},
		"HEIC":             {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "Most Compatible"},
		"AVIF":             {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "AVIF"},
		"Canon raw":        {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), "camera raw files"},
		"PDF":              {[]byte("%PDF-1.7 and so on"), "PDF"},
		"fill bytes":       {bytes.Repeat([]byte{0xff}, 1<<16), "not an image file"},
		"endless fill":     {append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff}, 1<<16)...), "the file is damaged"},
	}
	for name, c := range cases {
		if info, err := inspect(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", name, info, err, c.want)
		}
	}
}

// preview returns a TIFF whose first image is marked as a reduced version.
func preview(t *testing.T) []byte {
	data := encoded(t, TIFF)
	offset := binary.LittleEndian.Uint32(data[4:])
	binary.LittleEndian.PutUint16(data[offset+2:], tagSubfile) // replaces the width
	binary.LittleEndian.PutUint16(data[offset+4:], typeLong)
	binary.LittleEndian.PutUint32(data[offset+10:], 1)
	return data
}

func TestConvert(t *testing.T) {
	for _, format := range []Format{TIFF, GIF, JPEG} {
		data := encoded(t, format)
		out, err := Convert(bytes.NewReader(data), int64(len(data)), Info{format, 24, 16, true})
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if info, err := inspect(out); err != nil || info != (Info{JPEG, 24, 16, false}) {
			t.Errorf("%s became %+v, %v", format, info, err)
		}
		img, err := jpeg.Decode(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if r, _, b, _ := img.At(12, 2).RGBA(); r>>8 < 180 || b>>8 > 20 {
			t.Errorf("%s: the upper half has red %d, blue %d", format, r>>8, b>>8)
		}
	}
}

func TestConvertKeepsOrientation(t *testing.T) {
	turned := withOrientation(encoded(t, JPEG), 6)
	if got := Orientation(bytes.NewReader(turned), int64(len(turned))); got != 6 {
		t.Fatalf("the added segment reads as orientation %d", got)
	}
	out, err := Convert(bytes.NewReader(turned), int64(len(turned)), Info{JPEG, 24, 16, true})
	if err != nil {
		t.Fatal(err)
	}
	if got := Orientation(bytes.NewReader(out), int64(len(out))); got != 6 {
		t.Errorf("the orientation became %d", got)
	}
	const entry = 34 // the end of the directory's entry
	for n := range entry {
		if got := Orientation(bytes.NewReader(turned[:n]), int64(n)); got != Upright {
			t.Errorf("cut at %d: orientation %d", n, got)
		}
	}
	if got := Orientation(bytes.NewReader(encoded(t, PNG)), 100); got != Upright {
		t.Errorf("a PNG has orientation %d", got)
	}
}

// TestOrientationInChunks tries every position of the metadata in a PNG and a
// WebP, a damaged file, and no metadata.
func TestOrientationInChunks(t *testing.T) {
	block := withOrientation(encoded(t, JPEG), 6)[12:] // the TIFF block and the rest of the file
	block = block[:26]
	marked := append([]byte(exifMark), block...)
	plain := encoded(t, PNG)
	pngWith := func(at int, kind string, content []byte) []byte {
		part := append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), kind...)
		part = append(append(part, content...), 0, 0, 0, 0)
		return append(append(bytes.Clone(plain[:at]), part...), plain[at:]...)
	}
	webPWith := func(kind string, before, content []byte) []byte {
		data := webP("VP8X", []byte{8, 0, 0, 0, 23, 0, 0, 15, 0, 0})
		for _, c := range [][]byte{before, content} {
			data = append(data, kind...)
			data = append(binary.LittleEndian.AppendUint32(data, uint32(len(c))), c...)
			data = append(data, make([]byte, len(c)%2)...)
			kind = "EXIF"
		}
		binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
		return data
	}
	header, end := 33, len(plain)-12
	for name, tt := range map[string]struct {
		file []byte
		want int
	}{
		"PNG without":               {plain, Upright},
		"PNG, before the data":      {pngWith(header, "eXIf", block), 6},
		"PNG, after the data":       {pngWith(end, "eXIf", block), 6},
		"PNG, marked":               {pngWith(header, "eXIf", marked), 6},
		"PNG, after its end":        {append(bytes.Clone(plain), pngWith(8, "eXIf", block)[8:]...), Upright},
		"PNG, different chunk":      {pngWith(header, "exIf", block), Upright},
		"PNG, empty":                {pngWith(header, "eXIf", nil), Upright},
		"PNG, cut off in the block": {pngWith(header, "eXIf", block)[:header+8+10], Upright},
		"WebP, after an odd chunk":  {webPWith("ICCP", []byte("odd"), block), 6},
		"WebP, marked":              {webPWith("ICCP", nil, marked), 6},
		"WebP without":              {webP("VP8L", []byte{0x2f, 23, 15 << 6 & 0xff, 15 >> 2, 0, 0}), Upright},
		"WebP, cut off":             {webPWith("ICCP", nil, block)[:len(webPWith("ICCP", nil, block))-8], Upright},
		"short":                     {[]byte("RIFF"), Upright},
	} {
		if got := Orientation(bytes.NewReader(tt.file), int64(len(tt.file))); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestConvertMakesTransparencyWhite(t *testing.T) {
	clear := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.Transparent, color.Black})
	var data bytes.Buffer
	if err := gif.Encode(&data, clear, nil); err != nil {
		t.Fatal(err)
	}
	out, err := Convert(bytes.NewReader(data.Bytes()), int64(data.Len()), Info{GIF, 8, 8, true})
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := img.At(4, 4).RGBA(); min(r, g, b)>>8 < 250 {
		t.Errorf("it became %d %d %d", r>>8, g>>8, b>>8)
	}
}

func TestConvertRefuses(t *testing.T) {
	data := encoded(t, TIFF)
	_, err := Convert(bytes.NewReader(data), int64(len(data)), Info{TIFF, 100_000, 1000, true})
	if err == nil || !strings.Contains(err.Error(), "export it as JPEG") {
		t.Errorf("huge image: %v", err)
	}
	broken := bytes.Clone(encoded(t, GIF))[:40]
	if _, err := Convert(bytes.NewReader(broken), int64(len(broken)), Info{GIF, 24, 16, true}); err == nil {
		t.Error("a broken image was converted")
	}
}

func TestThumbnail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portrait.png")
	if err := os.WriteFile(path, encoded(t, PNG), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Thumbnail(&out, path, 12); err != nil {
		t.Fatal(err)
	}
	if config, err := png.DecodeConfig(&out); err != nil || config.Width != 12 || config.Height != 8 {
		t.Errorf("%dx%d, %v", config.Width, config.Height, err)
	}
}

// FuzzInspect looks for files that crash or stall the checks, or pass them
// with sizes that would overwhelm a server. Converting must not crash either.
func FuzzInspect(f *testing.F) {
	for _, format := range []Format{JPEG, PNG, BMP, WebP, TIFF, GIF} {
		f.Add(encoded(f, format))
	}
	f.Add(withOrientation(encoded(f, JPEG), 3))
	f.Add([]byte("RIFF\x20\x00\x00\x00WEBPEXIF\x10\x00\x00\x00Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x18ftypheic"))
	f.Fuzz(func(t *testing.T, data []byte) {
		IsPicture(bytes.NewReader(data))
		if o := Orientation(bytes.NewReader(data), int64(len(data))); o < 1 || o > 8 {
			t.Errorf("invalid orientation %d", o)
		}
		info, err := inspect(data)
		if err != nil {
			return
		}
		if info.Width < 1 || info.Height < 1 || info.Width*info.Height > MaxPixels || info.Format == "" {
			t.Errorf("%+v passed the check", info)
		}
		if info.Convert && info.Width*info.Height < 1_000_000 {
			if out, err := Convert(bytes.NewReader(data), int64(len(data)), info); err == nil {
				if made, err := inspect(out); err != nil || made.Format != JPEG {
					t.Errorf("the conversion gave %+v, %v", made, err)
				}
			}
		}
	})
}
