package matting

import (
	"image"
	"image/color"
	"math"
	"testing"
)

func sceneOf(width, height int, at func(x, y int) colour) *scene {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := at(x, y)
			picture.SetRGBA(x, y, color.RGBA{c[0], c[1], c[2], 255})
		}
	}
	return newScene(picture, max(width, height))
}

// TestGuidedEdge gives the filter a mask that is off by two pixels.
func TestGuidedEdge(t *testing.T) {
	t.Parallel()
	s := sceneOf(60, 20, func(x, _ int) colour {
		if x < 30 {
			return colour{200, 60, 40}
		}
		return colour{40, 80, 160}
	})
	alpha := make([]float64, len(s.colours))
	for i := range alpha {
		if i%60 < 28 {
			alpha[i] = 1
		}
	}
	fitted := guide(s, alpha, 8)
	for x := 14; x < 46; x++ {
		want := 0.0
		if x < 30 {
			want = 1
		}
		if got := stretch(fitted[10*60+x].at(s.colours[10*60+x])); math.Abs(got-want) > 0.35 {
			t.Errorf("alpha %.2f at %d, want %v", got, x, want)
		}
	}
}

func TestBoxFilter(t *testing.T) {
	t.Parallel()
	const width, height, radius = 7, 5, 2
	plane, want := make([]float64, width*height), make([]float64, width*height)
	for i := range plane {
		plane[i] = float64(i * i % 11)
	}
	for i := range want {
		for j, v := range plane {
			if max(i%width-j%width, j%width-i%width) <= radius && max(i/width-j/width, j/width-i/width) <= radius {
				want[i] += v
			}
		}
	}
	newBoxFilter(width, height).sum(plane, radius)
	for i := range want {
		if plane[i] != want[i] {
			t.Fatalf("sum %d is %v, want %v", i, plane[i], want[i])
		}
	}
}

// TestEdgeColours mixes red over green with a soft edge: no green may be left.
func TestEdgeColours(t *testing.T) {
	t.Parallel()
	alpha := make([]float64, 80*20)
	for i := range alpha {
		alpha[i] = max(0, min(1, float64(i%80-36)/8))
	}
	s := sceneOf(80, 20, func(x, y int) colour {
		a := alpha[y*80+x]
		return colour{uint8(200*a + 20*(1-a)), uint8(30*a + 180*(1-a)), 40}
	})
	for i, e := range separate(s, alpha, 16, 4) {
		if alpha[i] < 0.05 {
			continue
		}
		for k, want := range [3]float64{200, 30, 40} {
			if got := e.foreground[k]; math.Abs(got-want) > 18 {
				t.Errorf("alpha %.2f: foreground %v", alpha[i], e.foreground)
				break
			}
		}
	}
}

// TestSceneIsTheMean shrinks two colours and a transparent part.
func TestSceneIsTheMean(t *testing.T) {
	t.Parallel()
	picture := image.NewRGBA(image.Rect(5, 7, 13, 11))
	for y := 7; y < 11; y++ {
		for x := 5; x < 11; x++ {
			picture.SetRGBA(x, y, color.RGBA{uint8(x % 2 * 100), 10, 20, 255})
		}
	}
	s := newScene(picture, 4)
	if s.width != 4 || s.height != 2 || s.scale != 2 {
		t.Fatalf("scene %dx%d, scale %v", s.width, s.height, s.scale)
	}
	for i, c := range s.colours {
		if void := i%4 == 3; s.void[i] != void || !void && c != (colour{50, 10, 20}) {
			t.Errorf("pixel %d: %v, void %v", i, c, s.void[i])
		}
	}
}
