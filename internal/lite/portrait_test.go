package lite

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	xdraw "golang.org/x/image/draw"
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
	if config, err := jpeg.DecodeConfig(bytes.NewReader(large)); err != nil || config.Width != 648 ||
		config.Height != 648 {
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

// TestJPEGQuality checks that the chosen quality is the best that fits.
func TestJPEGQuality(t *testing.T) {
	t.Parallel()
	for _, side := range []int{230, 300, 400} {
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
	for quality := 90; quality >= 5; quality -= 5 {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		if file.Len() <= 99*1024 {
			return file.Bytes()
		}
	}
	t.Fatal("no quality fits")
	return nil
}

// TestJPEGOfAnySize checks that the file fits the limit and decodes correctly.
func TestJPEGOfAnySize(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("encodes 60 megapixels")
	}
	for _, size := range []image.Point{{4096, 4096}, {1300, 1300}, {4095, 257}, {257, 4095}} {
		for name, img := range map[string]*image.RGBA{
			"noise": noise(size.X, size.Y), "quarters": quarters(size.X/2*2, size.Y/2*2, [4]color.RGBA{red, green, blue, white}),
		} {
			file, err := encodeJPEG(img)
			if err != nil {
				t.Fatal(err)
			}
			got, err := jpeg.Decode(bytes.NewReader(file))
			if err != nil || got.Bounds().Size() != img.Rect.Size() || len(file) > maxJPEGBytes {
				t.Errorf("%s of %v: %d bytes, %v", name, size, len(file), err)
				continue
			}
			if name == "quarters" {
				wantColor(t, got, size.X/4, size.Y/4, red)
				wantColor(t, got, 3*size.X/4, size.Y/4, green)
				wantColor(t, got, size.X/4, 3*size.Y/4, blue)
				wantColor(t, got, 3*size.X/4, 3*size.Y/4, white)
			}
		}
	}
}

// TestCoarseJPEG compares with image/jpeg at the same quality, which is 50.
func TestCoarseJPEG(t *testing.T) {
	t.Parallel()
	astronaut, err := png.Decode(bytes.NewReader(testFile(t, "astronaut.png")))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []image.Point{{512, 512}, {301, 203}, {8, 8}, {1, 1}, {17, 9}} {
		picture := image.NewRGBA(image.Rectangle{Max: size})
		xdraw.Draw(picture, picture.Rect, astronaut, image.Pt(100, 60), xdraw.Src)
		ours, err := encodeCoarsely(picture, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		var theirs bytes.Buffer
		if err := jpeg.Encode(&theirs, picture, &jpeg.Options{Quality: 50}); err != nil {
			t.Fatal(err)
		}
		if a, b := distance(t, picture, ours), distance(t, picture, theirs.Bytes()); a > b*1.1+0.5 {
			t.Errorf("%v: off by %.2f, image/jpeg by %.2f", size, a, b)
		}
		if len(ours) > theirs.Len()+300 {
			t.Errorf("%v: %d bytes, image/jpeg %d", size, len(ours), theirs.Len())
		}
	}
}

// distance is the mean difference of a color from the picture's.
func distance(t *testing.T, want *image.RGBA, file []byte) float64 {
	t.Helper()
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil || decoded.Bounds() != want.Rect {
		t.Fatalf("%v, %v", decoded, err)
	}
	got := image.NewRGBA(want.Rect)
	xdraw.Draw(got, got.Rect, decoded, image.Point{}, xdraw.Src)
	sum := 0
	for i := range got.Pix {
		sum += max(int(got.Pix[i])-int(want.Pix[i]), int(want.Pix[i])-int(got.Pix[i]))
	}
	return float64(sum) / float64(len(got.Pix))
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
	got := drawPortrait(&photo{img, upright}, face{centerX: 50, centerY: 50, side: 20}, options{width: 50, height: 50,
		background: [3]int{1, 2, 3}})
	wantColor(t, got, 25, 25, color.RGBA{1, 2, 3, 255})
}

// TestExtremeSizes must neither crash nor change the size asked for.
func TestExtremeSizes(t *testing.T) {
	t.Parallel()
	img := noise(300, 40)
	for _, size := range []image.Point{{1, 1}, {1, 300}, {300, 1}, {7, 5}} {
		for _, margin := range []float64{0, maxMargin} {
			o := options{width: size.X, height: size.Y, margin: margin}
			picture := drawPortrait(&photo{img, 8}, face{centerX: 20, centerY: 150, side: 30}, o)
			if picture.Rect.Size() != size {
				t.Errorf("size %v, want %v", picture.Rect.Size(), size)
			}
			flat := flatten(cutOval(opaque(picture)), color.RGBA{A: 255})
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
	p := &image.NRGBA{Pix: []byte{200, 100, 0, 0, 200, 100, 0, 255, 200, 100, 0, 128}, Stride: 12, Rect: image.Rect(0, 0,
		3, 1)}
	got := flatten(p, color.RGBA{0, 100, 200, 255})
	want := []byte{0, 100, 200, 255, 200, 100, 0, 255, 100, 100, 100, 255}
	if !bytes.Equal(got.Pix, want) {
		t.Errorf("pixels %v, want %v", got.Pix, want)
	}
}
