package matting

import (
	"context"
	"errors"
	"fmt"
	"image"
	"testing"
)

type composite struct {
	name       string
	background background
	light      float64
	overlap    float64 // the least that is good
}

func (p person) composites(t testing.TB) []composite {
	const quiet, busy = 0.95, 0.90
	coffee := readPNG(t, "../lite/testdata/coffee.png")
	return []composite{
		{"white", plain(250, 250, 250), 1, quiet},
		{"grey", plain(128, 128, 128), 1, quiet},
		{"blue", plain(40, 80, 170), 1, quiet},
		{"green", plain(60, 150, 60), 1, quiet},
		{"dark", plain(35, 35, 40), 1, quiet},
		{"like her hair", plain(140, 112, 75), 1, quiet},
		{"like her skin", plain(225, 185, 160), 1, quiet},
		{"dark before dark", plain(15, 15, 15), 0.35, quiet},
		{"sky", blend([3]float64{90, 140, 220}, [3]float64{240, 240, 250}, downwards), 1, quiet},
		{"dim wall", blend([3]float64{30, 30, 30}, [3]float64{180, 180, 180}, downwards), 0.8, quiet},
		{"warm wall", blend([3]float64{250, 200, 120}, [3]float64{120, 60, 60}, downwards), 1, quiet},
		{"photo out of focus", blurred(coffee, 30), 1, quiet},
		{"foliage out of focus",
			blend([3]float64{30, 60, 20}, [3]float64{170, 200, 110}, clouds(3, 90, 2, 1.6)), 1, quiet},
		{"warm room out of focus",
			blend([3]float64{80, 50, 30}, [3]float64{240, 200, 160}, clouds(4, 120, 2, 1.5)), 1, quiet},
		{"city out of focus", blend([3]float64{20, 20, 50}, [3]float64{220, 210, 200}, clouds(5, 70, 1, 1.6)), 1, quiet},
		{"foliage", blend([3]float64{10, 40, 10}, [3]float64{180, 210, 100}, clouds(6, 24, 4, 2)), 1, busy},
		{"photo", blurred(coffee, 0), 1, busy},
		{"gravel", blend([3]float64{60, 60, 70}, [3]float64{200, 200, 200}, clouds(8, 6, 2, 1.5)), 1, busy},
		{"checks", checks, 1, busy},
		{"books", books, 1, busy},
		{"bricks", bricks, 1, busy},
	}
}

// TestComposites puts the astronaut before many backgrounds, as a portrait and
// with the helmet that she holds.
func TestComposites(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	for _, c := range her.composites(t) {
		for _, height := range []int{345, 512} {
			t.Run(fmt.Sprint(c.name, "/", height), func(t *testing.T) {
				t.Parallel()
				her.wantGood(t, her.before(c.background, c.light, height), 1, c.overlap)
			})
		}
	}
}

// wantGood cuts her out of a picture of this scale.
func (p person) wantGood(t *testing.T, picture *image.RGBA, scale, overlap float64) {
	t.Helper()
	f := Face{astronautFace.X * scale, astronautFace.Y * scale, astronautFace.Side * scale}
	out, cut := cutOut(t, picture, f)
	got, border := p.measure(out, scale)
	t.Logf("overlap %.3f, border off by %.3f sides of the face", got, border)
	if got < overlap {
		t.Errorf("overlap %.3f, want %.2f", got, overlap)
	}
	if limit := 0.055 * (1 - overlap) / 0.05; border > limit {
		t.Errorf("the border is off by %.3f sides of the face, want at most %.3f", border, limit)
	}
	if doubt := cut.Doubt(); doubt != "" {
		t.Errorf("doubt about a good cut: %s", doubt)
	}
}

// TestScales cuts her out of the photo itself, from a passport's size to eight
// megapixels.
func TestScales(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	for _, scale := range []float64{0.25, 0.5, 1, 2, 5.5} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) {
			t.Parallel()
			picture, _ := scaled(her.original, astronautFace, scale)
			her.wantGood(t, picture, scale, 0.95)
		})
	}
}

// TestDoubt shows what must not be used, and would look it.
func TestDoubt(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	fills, small := astronautFace, astronautFace
	fills.Side, small.Side = 180, 60
	for name, test := range map[string]struct {
		picture *image.RGBA
		face    Face
	}{
		"before patches of herself":       {her.before(her.camouflage(12), 1, 512), astronautFace},
		"before large patches of herself": {her.before(her.camouflage(70), 1, 512), astronautFace},
		"a face that is none":             {her.original, Face{400, 150, 110}},
		"a small face that is none":       {her.original, Face{420, 100, 60}},
		"a face beside hers":              {her.original, Face{150, 150, 110}},
		"a face below hers":               {her.original, Face{222, 200, 110}},
		"a face too large":                {her.original, fills},
		"a face too small":                {her.original, small},
		"nothing but the face":            {part(her.original, image.Rect(190, 80, 260, 150)), Face{32, 32, 110}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, cut := cutOut(t, test.picture, test.face); cut.Doubt() == "" {
				t.Error("no doubt")
			}
		})
	}
}

// TestBystanders puts a second astronaut at the first one's side, so near that
// their arms touch.
func TestBystanders(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	const apart, width = 240, 760
	wall := her.before(plain(120, 150, 160), 1, 345)
	picture := image.NewRGBA(image.Rect(0, 0, width, 345))
	for y := range 345 {
		for x := range width {
			from := x
			if x >= 365 {
				from = x - apart
			}
			picture.SetRGBA(x, y, wall.RGBAAt(min(from, 511), y))
		}
	}
	second := Face{astronautFace.X + apart, astronautFace.Y, 100}
	out, _ := cutOut(t, picture, astronautFace, second)
	if a := out.NRGBAAt(222, 112).A; a != 255 {
		t.Errorf("alpha of her face is %d", a)
	}
	if a := out.NRGBAAt(int(second.X), int(second.Y)).A; a != 0 {
		t.Errorf("alpha of the other's face is %d", a)
	}
}

// TestExtremes must neither crash nor make a hole in a face.
func TestExtremes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	for _, size := range []image.Point{{64, 64}, {1, 1}, {3, 200}, {200, 3}} {
		picture := part(her.original, image.Rectangle{Max: size}.Add(image.Pt(190, 80)))
		if out, _ := cutOut(t, picture, Face{32, 32, 40}); out.Rect.Size() != size {
			t.Errorf("%v: size %v", size, out.Rect.Size())
		}
	}
	cutOut(t, part(her.original, image.Rect(0, 0, 222, 512)), astronautFace) // half a face, at the edge
	cutOut(t, image.NewRGBA(image.Rect(0, 0, 100, 100)), Face{50, 50, 30})   // nothing but transparency
	cutOut(t, her.original, Face{9000, 9000, 30})                            // nowhere near
}

// TestNoHoles looks at every pixel of the face in all composites.
func TestNoHoles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t)
	for _, light := range []float64{1, 0.3} {
		for _, b := range []background{her.camouflage(30), plain(225, 185, 160), plain(20, 20, 20)} {
			out, _ := cutOut(t, her.before(b, light, 400), astronautFace)
			for y := 75; y < 170; y++ {
				for x := 195; x < 250; x++ {
					if a := out.NRGBAAt(x, y).A; a != 255 {
						t.Fatalf("alpha %d at %d,%d", a, x, y)
					}
				}
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	her := astronaut(t)
	cut, err := Segment(context.Background(), her.original, astronautFace, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cut.Extract(ctx, her.original, View{Scale: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("extracting: error %v", err)
	}
	if _, err := Segment(ctx, her.original, astronautFace, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("segmenting: error %v", err)
	}
}
