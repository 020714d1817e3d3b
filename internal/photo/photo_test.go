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

// picture is a small one with a red upper and a blue lower half.
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

// webP is a file with one chunk.
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
		// Cameras and editors append data of their own.
		if got, err := inspect(append(encoded(t, format), make([]byte, 70_000)...)); err != nil || got != want {
			t.Errorf("%s with something behind it: %+v, %v", format, got, err)
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
		t.Errorf("a raw file's preview was taken: %+v", noDNG)
	}
	cases := map[string]struct {
		data []byte
		want string
	}{
		"nothing":           {nil, "it is empty"},
		"zeros":             {make([]byte, 5000), "it is blank"},
		"text":              {[]byte("hello"), "it is no picture"},
		"one byte":          {[]byte("B"), "it is no picture"},
		"text like a BMP":   {[]byte("BMW makes cars and this is a text about them"), "it is no picture"},
		"half a JPEG":       {half(JPEG), "it is cut off"},
		"half a PNG":        {half(PNG), "it is cut off"},
		"half a BMP":        {half(BMP), "it is cut off"},
		"half a WebP":       {half(WebP), "it is cut off"},
		"half a TIFF":       {half(TIFF), "it is cut off"},
		"a start of a JPEG": {[]byte("\xff\xd8\xff"), "it is cut off"},
		"a pixel bomb":      {bomb, "it claims 60000 x 60000 pixels"},
		"a flat picture":    {flat, "it is damaged"},
		"a 12-bit JPEG":     {deep, "a JPEG of a rare kind"},
		"an animated WebP":  {webP("VP8X", []byte{2, 0, 0, 0, 23, 0, 0, 15, 0, 0}), "animated"},
		"HEIC":              {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "Most Compatible"},
		"AVIF":              {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "AVIF"},
		"Canon's raw":       {[]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), "raw file"},
		"PDF":               {[]byte("%PDF-1.7 and so on"), "PDF"},
		"fill bytes":        {bytes.Repeat([]byte{0xff}, 1<<16), "it is no picture"},
		"endless fill":      {append([]byte{0xff, 0xd8}, bytes.Repeat([]byte{0xff}, 1<<16)...), "it is damaged"},
	}
	for name, c := range cases {
		if info, err := inspect(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v, want %q", name, info, err, c.want)
		}
	}
}

// preview is a TIFF whose first picture says that it is a reduced one.
func preview(t *testing.T) []byte {
	data := encoded(t, TIFF)
	offset := binary.LittleEndian.Uint32(data[4:])
	binary.LittleEndian.PutUint16(data[offset+2:], tagSubfile) // in place of the width
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
		t.Fatalf("the segment that is added reads as %d", got)
	}
	out, err := Convert(bytes.NewReader(turned), int64(len(turned)), Info{JPEG, 24, 16, true})
	if err != nil {
		t.Fatal(err)
	}
	if got := Orientation(bytes.NewReader(out), int64(len(out))); got != 6 {
		t.Errorf("the orientation became %d", got)
	}
	if got := Orientation(bytes.NewReader(encoded(t, PNG)), 100); got != Upright {
		t.Errorf("a PNG has the orientation %d", got)
	}
}

// TestOrientationInChunks has metadata in every place of a PNG and a WebP, in
// one that is damaged, and in none.
func TestOrientationInChunks(t *testing.T) {
	block := withOrientation(encoded(t, JPEG), 6)[12:] // the TIFF, and the rest of the file
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
		"PNG, behind the data":      {pngWith(end, "eXIf", block), 6},
		"PNG, marked":               {pngWith(header, "eXIf", marked), 6},
		"PNG, behind its end":       {append(bytes.Clone(plain), pngWith(8, "eXIf", block)[8:]...), Upright},
		"PNG, another kind":         {pngWith(header, "exIf", block), Upright},
		"PNG, empty":                {pngWith(header, "eXIf", nil), Upright},
		"PNG, cut off in the block": {pngWith(header, "eXIf", block)[:header+8+10], Upright},
		"WebP, behind an odd chunk": {webPWith("ICCP", []byte("odd"), block), 6},
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
		t.Errorf("a huge one: %v", err)
	}
	broken := bytes.Clone(encoded(t, GIF))[:40]
	if _, err := Convert(bytes.NewReader(broken), int64(len(broken)), Info{GIF, 24, 16, true}); err == nil {
		t.Error("a broken one was converted")
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

// FuzzInspect looks for files that crash the checks, keep them busy, or get
// through with sizes that a server could not bear; and what is to be converted
// must not crash either.
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
			t.Errorf("orientation %d", o)
		}
		info, err := inspect(data)
		if err != nil {
			return
		}
		if info.Width < 1 || info.Height < 1 || info.Width*info.Height > MaxPixels || info.Format == "" {
			t.Errorf("%+v was let through", info)
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
