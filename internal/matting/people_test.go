package matting

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"testing"
)

// TestProfile is a man who looks to the right, before a meadow, with a camera on a
// tripod at his face. What is kept beside him must not be shown.
func TestProfile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../lite/testdata/profile.jpg")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	photo := image.NewRGBA(decoded.Bounds())
	draw.Draw(photo, photo.Rect, decoded, image.Point{}, draw.Src)
	out, cut := cutOut(t, photo, Face{218, 140, 75})
	if cut.Doubt() == "" {
		t.Error("no doubt")
	}
	if head, sky := out.NRGBAAt(218, 110).A, out.NRGBAAt(300, 40).A; head != 255 || sky != 0 {
		t.Errorf("alpha of the head is %d, of the sky %d", head, sky)
	}
}

// longHaired is the astronaut with hair down to her chest: her own, repeated.
func (p person) longHaired() person {
	long := person{alpha: append([]float64(nil), p.alpha...), colours: append([]edgeColours(nil), p.colours...)}
	for y := 95; y < 300; y++ {
		for x := 130; x < 330; x++ {
			// From the temples downwards, wider with a wave, with a frayed edge.
			u := math.Abs(float64(x) - 224)
			outer := 62 + 12*math.Sin(float64(y)/35) + 5*math.Sin(float64(y)/5)
			inner := 36 + float64(max(0, y-170))/6
			end := 285 + 12*math.Sin(float64(x)/4)
			if u < inner || u > outer || float64(y) > end {
				continue
			}
			i := y*512 + x
			long.alpha[i] = max(long.alpha[i], min(1, (outer-u)/3))
			long.colours[i] = p.colours[(36+y%45)*512+205+x%45]
		}
	}
	return long
}

func TestLongHair(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures quality, at length")
	}
	her := astronaut(t).longHaired()
	for name, b := range map[string]background{
		"white": plain(250, 250, 250), "blue": plain(40, 80, 170),
		"sky":     blend([3]float64{90, 140, 220}, [3]float64{240, 240, 250}, downwards),
		"foliage": blend([3]float64{30, 60, 20}, [3]float64{170, 200, 110}, clouds(3, 90, 2, 1.6)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			her.wantGood(t, her.before(b, 1, 400), 1, 0.95)
		})
	}
}
