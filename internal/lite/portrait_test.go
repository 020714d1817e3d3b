package lite

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

func noise(w, h int) *image.RGBA {
	random := rand.NewChaCha8([32]byte{1})
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	_, _ = random.Read(img.Pix)
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

func TestJPEGLimit(t *testing.T) {
	t.Parallel()
	large, err := encodeJPEG(noise(648, 648))
	if err != nil {
		t.Fatal(err)
	}
	if len(large) > maxJPEGBytes || len(large) < maxJPEGBytes/2 {
		t.Errorf("noise takes %d bytes", len(large))
	}
	if config, err := jpeg.DecodeConfig(bytes.NewReader(large)); err != nil || config.Width != 648 || config.Height != 648 {
		t.Errorf("noise: %+v (%v)", config, err)
	}

	small := quarters(100, 100, [4]color.RGBA{red, green, blue, white})
	got, err := encodeJPEG(small)
	if err != nil {
		t.Fatal(err)
	}
	var best bytes.Buffer
	if err := jpeg.Encode(&best, small, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, best.Bytes()) {
		t.Error("a small picture isn't encoded at quality 90")
	}
}

// TestJPEGQuality checks that the chosen quality is the best that fits, and 50
// where none does.
func TestJPEGQuality(t *testing.T) {
	t.Parallel()
	for _, side := range []int{230, 300, 400, 1300} {
		img := noise(side, side)
		got, err := encodeJPEG(img)
		if err != nil {
			t.Fatal(err)
		}
		if want := bestJPEG(t, img); !bytes.Equal(got, want) {
			t.Errorf("noise of %d pixels a side: %d bytes, want %d", side, len(got), len(want))
		}
	}
}

func bestJPEG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var atFifty []byte
	for quality := 90; quality >= 5; quality -= 5 {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		if file.Len() <= 99*1024 {
			return file.Bytes()
		}
		if quality == 50 {
			atFifty = file.Bytes()
		}
	}
	return atFifty
}

// TestPortraitFraming draws a face that is a white square on red.
func TestPortraitFraming(t *testing.T) {
	t.Parallel()
	img := image.NewRGBA(image.Rect(0, 0, 1000, 1000))
	for y := range 1000 {
		for x := range 1000 {
			img.SetRGBA(x, y, red)
			if x >= 100 && x < 300 && y >= 100 && y < 300 {
				img.SetRGBA(x, y, white)
			}
		}
	}
	f := face{centerX: 200, centerY: 200, side: 200}
	o := options{width: 400, height: 200, background: [3]int{0, 0, 255}, margin: 0.5}
	got := drawPortrait(&photo{img, upright}, f, o)

	// 200·1.3·2 = 520 pixels of the photo are shown in 200: the face takes 77.
	for _, test := range []struct {
		x, y int
		want color.RGBA
	}{
		{200, 100, white}, {200 - 34, 100 - 34, white}, {200 + 34, 100 + 34, white},
		{200 - 43, 100, red}, {200 + 43, 100, red}, {200, 100 - 43, blue2red(100 - 43)}, {200, 100 + 43, red},
		{20, 100, blue}, {110, 100, blue}, {390, 100, red}, {200, 10, blue},
	} {
		wantColor(t, got, test.x, test.y, test.want)
	}
}

// blue2red is the color above the face: the photo ends at 200 - 200·200/520.
func blue2red(y int) color.RGBA {
	if float64(y) < 100-200*200/520.0 {
		return blue
	}
	return red
}

func TestPortraitOfTransparentPhoto(t *testing.T) {
	t.Parallel()
	img := image.NewNRGBA(image.Rect(0, 0, 100, 100))
	got := drawPortrait(&photo{img, upright}, face{50, 50, 20}, options{width: 50, height: 50, background: [3]int{1, 2, 3}})
	wantColor(t, got, 25, 25, color.RGBA{1, 2, 3, 255})
}

// TestExtremeSizes must neither crash nor change the size asked for.
func TestExtremeSizes(t *testing.T) {
	t.Parallel()
	img := noise(300, 40)
	for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {7, 5}} {
		for _, margin := range []float64{0, maxMargin} {
			o := options{width: size.X, height: size.Y, margin: margin}
			picture := drawPortrait(&photo{img, 8}, face{20, 150, 30}, o)
			if picture.Rect.Size() != size {
				t.Errorf("size %v, want %v", picture.Rect.Size(), size)
			}
			flat := flatten(cutOval(picture), color.RGBA{A: 255})
			if _, err := encodeJPEG(flat); err != nil {
				t.Errorf("%v: %v", size, err)
			}
		}
	}
	o := defaultOptions()
	for _, side := range []int{1, maxSide} {
		o.width, o.height = side, side
		if err := o.check(); err != nil {
			t.Error(err)
		}
	}
}

func TestFlatten(t *testing.T) {
	t.Parallel()
	p := &image.NRGBA{Pix: []byte{200, 100, 0, 0, 200, 100, 0, 255, 200, 100, 0, 128}, Stride: 12, Rect: image.Rect(0, 0, 3, 1)}
	got := flatten(p, color.RGBA{0, 100, 200, 255})
	want := []byte{0, 100, 200, 255, 200, 100, 0, 255, 100, 100, 100, 255}
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("pixels %v, want %v", got.Pix, want)
	}
}
