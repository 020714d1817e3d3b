package lite

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"runtime"
	"strings"
	"testing"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"github.com/djok/facecraft/internal/golden"
)

func decodePNG(t testing.TB, file []byte) *image.NRGBA {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	flat, ok := picture.(*image.NRGBA)
	if !ok {
		t.Fatalf("the PNG is %T", picture)
	}
	return flat
}

func astronaut(t testing.TB) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(testFile(t, "astronaut.png")))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// redrawn is the astronaut on a canvas, mapped.
func redrawn(t testing.TB, w, h int, mapped f64.Aff3) *image.RGBA {
	t.Helper()
	canvas := image.NewRGBA(image.Rect(0, 0, w, h))
	picture := astronaut(t)
	xdraw.CatmullRom.Transform(canvas, mapped, picture, picture.Bounds(), draw.Src, nil)
	return canvas
}

func pngPart(t testing.TB, picture image.Image) part {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	return part{"file", "photo.png", file.String()}
}

// TestBackgroundIsRemoved looks where the flag and the rocket were, and whether
// her hair is there.
func TestBackgroundIsRemoved(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	e := newTestEngine(t)
	for _, size := range []string{"648", "2000"} {
		w := post(t, e, "/api/v1/process", filePart(t, "astronaut.png"), field("width", size), field("height", size),
			field("face_margin", "0.9"), field("return_base64", "true"), field("background_b", "200"))
		answer := decode[processAnswer](t, w)
		if !answer.Success || !answer.Result.BackgroundRemoved || answer.Result.BackgroundNote != nil {
			t.Fatalf("answer %s", w.Body)
		}
		picture := decodePNG(t, answer.PNGBase64)
		side := picture.Rect.Dx()
		alpha := func(x, y float64) uint8 { return picture.NRGBAAt(int(x*float64(side)), int(y*float64(side))).A }
		for name, place := range map[string][2]float64{"flag": {0.06, 0.5}, "backdrop": {0.28, 0.35}, "rocket": {0.93, 0.5},
			"above": {0.5, 0.18}} {
			if a := alpha(place[0], place[1]); a != 0 {
				t.Errorf("%s: the %s has alpha %d", size, name, a)
			}
		}
		for name, place := range map[string][2]float64{"hair above": {0.52, 0.29}, "hair at the left": {0.36, 0.42},
			"face": {0.5, 0.52}, "suit": {0.5, 0.85}} {
			if a := alpha(place[0], place[1]); a < 250 {
				t.Errorf("%s: the %s has alpha %d", size, name, a)
			}
		}
		flat, err := jpeg.Decode(bytes.NewReader(answer.JPGBase64))
		if err != nil {
			t.Fatal(err)
		}
		wantColor(t, flat, side/4, side/3, color.RGBA{240, 240, 200, 255})
	}
}

// camouflaged is her head before patches of her hair and her skin.
func camouflaged(t testing.TB) image.Image {
	t.Helper()
	her := astronaut(t)
	canvas := image.NewRGBA(image.Rect(0, 0, 512, 400))
	for i := range 26 * 20 {
		patch := image.Pt(200+i*7%40, 24+i*5%20) // hair
		if i%3 == 0 {
			patch = image.Pt(205, 105)
		}
		draw.Draw(canvas, image.Rect(0, 0, 20, 20).Add(image.Pt(i%26*20, i/26*20)), her, patch, draw.Src)
	}
	draw.Draw(canvas, image.Rect(172, 30, 276, 185), her, image.Pt(172, 30), draw.Src)
	return canvas
}

// TestBackgroundIsKept where it looks like the person, which is said, and where
// that was asked for.
func TestBackgroundIsKept(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	var logged syncBuffer
	e := newTestEngine(t, func(c *Config) { c.Log = &logged })
	answer := decode[processAnswer](t, post(t, e, "/api/v1/process", pngPart(t, camouflaged(t))))
	if r := answer.Result; r == nil || r.BackgroundRemoved || r.BackgroundNote == nil ||
		!strings.HasPrefix(*r.BackgroundNote, "kept: ") {
		t.Errorf("result %+v", answer)
	}
	if !strings.Contains(logged.String(), `background of "photo.png" kept: `) {
		t.Errorf("log %s", logged.String())
	}
	if n := decode[statusAnswer](t, get(t, e, "/status")).Statistics.BackgroundsKept; n != 1 {
		t.Errorf("status counts %d", n)
	}

	asked := decode[processAnswer](t, post(t, e, "/api/v1/process", filePart(t, "astronaut.png"),
		field("crop_only", "true"), field("use_oval_mask", "false"), field("return_base64", "true")))
	// Her hair is so near the upper edge that there is not enough photo.
	if r := asked.Result; r.BackgroundRemoved || r.BackgroundNote == nil ||
		*r.BackgroundNote != "added at the edges, where the photo ends" {
		t.Errorf("result %+v", r)
	}
	enough := decode[processAnswer](t, post(t, e, "/api/v1/process", filePart(t, "astronaut.png"),
		field("crop_only", "true"), field("face_margin", "0")))
	if r := enough.Result; r.BackgroundRemoved || r.BackgroundNote != nil {
		t.Errorf("result %+v", r)
	}
	picture, err := jpeg.Decode(bytes.NewReader(asked.JPGBase64))
	if err != nil {
		t.Fatal(err)
	}
	wantColor(t, picture, 20, 250, color.RGBA{193, 181, 177, 255}) // the studio's backdrop
}

// TestLevelled turns the photo, and looks for eyes at one height.
func TestLevelled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	for _, degrees := range []float64{-12, -6, 0, 8, 15} {
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		turned := redrawn(t, 512, 512, f64.Aff3{cos, -sin, 222 - 222*cos + 180*sin, sin, cos, 180 - 222*sin - 180*cos})
		p := &photo{turned, upright}
		f, ok := d.largestFace(p)
		if !ok {
			t.Errorf("%v°: no face", degrees)
			continue
		}
		o := defaultOptions()
		portrait := drawPortrait(p, f, o)
		f2, _ := d.largestFace(&photo{portrait, upright})
		if slope := math.Abs(f2.turn.y); slope > 0.045 {
			t.Errorf("%v°: the eyes of the portrait slope by %.3f", degrees, slope)
		}
		again, _ := d.largestFace(p)
		if again != f {
			t.Errorf("%v°: another time %+v, then %+v", degrees, f, again)
		}
	}
}

// TestTwoFaces keeps the larger person.
func TestTwoFaces(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	both := redrawn(t, 900, 512, f64.Aff3{1, 0, 0, 0, 1, 0})
	picture := astronaut(t)
	xdraw.CatmullRom.Scale(both, image.Rect(512, 100, 900, 488), picture, picture.Bounds(), draw.Src, nil)
	p := &photo{both, upright}
	faces := d.faces(p)
	if len(faces) != 2 {
		t.Fatalf("faces %+v", faces)
	}
	o := defaultOptions()
	o.margin = 2
	o.width, o.height = 1200, 600
	cut, doubt, err := cutPortrait(t.Context(), p, faces, o)
	if err != nil || doubt != "" {
		t.Fatal(doubt, err)
	}
	scale := o.scale(faces[0])
	at := func(f face) uint8 {
		return cut.NRGBAAt(600+int((f.centerX-faces[0].centerX)*scale), 300+int((f.centerY-faces[0].centerY)*scale)).A
	}
	if at(faces[0]) != 255 || at(faces[1]) != 0 {
		t.Errorf("alpha of the larger face is %d, of the other %d", at(faces[0]), at(faces[1]))
	}
}

// TestNotAFace shows a cat and a man in profile, also mirrored, to the detector: it
// knows faces seen from the front, and neither may be taken for one.
func TestNotAFace(t *testing.T) {
	t.Parallel()
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cat.jpg", "profile.jpg"} {
		picture, err := jpeg.Decode(bytes.NewReader(testFile(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		for held := orientation(1); held <= 8; held++ {
			if f, ok := d.largestFace(&photo{picture, held}); ok {
				t.Errorf("%s, orientation %d: face %+v", name, held, f)
			}
		}
	}
}

// TestOddPhotos must neither crash nor take long.
func TestOddPhotos(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	e := newTestEngine(t)
	grey := image.NewGray(image.Rect(0, 0, 512, 512))
	draw.Draw(grey, grey.Rect, astronaut(t), image.Point{}, draw.Src)
	for name, picture := range map[string]image.Image{
		"grey":               grey,
		"64 pixels":          redrawn(t, 64, 64, f64.Aff3{0.3, 0, -35, 0, 0.3, -5}),
		"a face at the edge": redrawn(t, 300, 300, f64.Aff3{1, 0, -165, 0, 1, -20}),
		"a cut-out": decodePNG(t, decode[processAnswer](t, post(t, e, "/api/v1/process",
			filePart(t, "astronaut.png"), field("return_base64", "true"))).PNGBase64),
		"half of it is nobody": redrawn(t, 1200, 512, f64.Aff3{1, 0, 600, 0, 1, 0}),
	} {
		answer := decode[processAnswer](t, post(t, e, "/api/v1/process", pngPart(t, picture)))
		if !answer.Success {
			t.Errorf("%s: %s", name, *answer.Error)
		}
	}
}

// TestLargePhoto cuts 50 megapixels, and bounds what it takes beside them.
func TestLargePhoto(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which the race detector multiplies")
	}
	large := redrawn(t, 8000, 6250, f64.Aff3{15, 0, 160, 0, 15, 0})
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	p := &photo{large, upright}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cut, doubt, err := cutPortrait(t.Context(), p, d.faces(p), defaultOptions())
	runtime.ReadMemStats(&after)
	if cut == nil || err != nil {
		t.Fatal(doubt, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 200_000_000 {
		t.Errorf("%d MB", got/1_000_000)
	}
}

func TestCutEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	d, err := newDetector()
	if err != nil {
		t.Fatal(err)
	}
	p := &photo{astronaut(t), upright}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := cutPortrait(ctx, p, d.faces(p), defaultOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestGoldenPortraits: look at them when they change. Scaling may differ
// by a level between processors, hence the tolerance.
func TestGoldenPortraits(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	e := newTestEngine(t)
	tilted := redrawn(t, 512, 512, f64.Aff3{-0.97, -0.24, 470, -0.24, 0.97, 60}) // mirrored, too
	for name, parts := range map[string][]part{
		"oval":   {filePart(t, "astronaut.png"), field("width", "160"), field("height", "160")},
		"wide":   {filePart(t, "astronaut.png"), field("width", "200"), field("height", "250"), field("face_margin", "0.6")},
		"tilted": {pngPart(t, tilted), field("width", "160"), field("height", "160"), field("face_margin", "0.8")},
	} {
		answer := decode[processAnswer](t, post(t, e, "/api/v1/process", append(parts, field("return_base64", "true"))...))
		if !answer.Success {
			t.Fatalf("%s: %s", name, *answer.Error)
		}
		file := "testdata/portrait-" + name + ".png"
		golden.Update(t, file, answer.PNGBase64)
		got, want := decodePNG(t, answer.PNGBase64), decodePNG(t, testFile(t, "portrait-"+name+".png"))
		if far := farPixels(got, want); got.Rect != want.Rect || far > 50 {
			t.Errorf("%s: %d pixels differ by more than 12 levels; look at it after go test -run Golden . -update", name, far)
		}
	}
}

func farPixels(a, b *image.NRGBA) (far int) {
	for i := 0; i+3 < min(len(a.Pix), len(b.Pix)); i += 4 {
		for k := range 4 {
			if !near(int(a.Pix[i+k]), int(b.Pix[i+k]), 12) {
				far++
				break
			}
		}
	}
	return far
}
