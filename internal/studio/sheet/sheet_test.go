package sheet

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"testing"
)

// TestFill: as many portraits as fit, each of its width, and all within what
// printers print.
func TestFill(t *testing.T) {
	t.Parallel()
	ink := color.RGBA{200, 0, 0, 255}
	for _, tt := range []struct {
		paper         string
		width         float64 // in mm
		portrait      image.Point
		columns, rows int
		page          image.Point
	}{
		{"10x15", 35, image.Pt(350, 450), 2, 3, image.Pt(1181, 1772)},
		{"10x15", 60, image.Pt(600, 400), 2, 2, image.Pt(1772, 1181)}, // turned: upright, only 3 fit
		{"4x6", 50.8, image.Pt(600, 600), 1, 2, image.Pt(1200, 1800)},
		{"10x15", 100, image.Pt(648, 648), 1, 1, image.Pt(1181, 1772)},
	} {
		portrait := image.NewRGBA(image.Rectangle{Max: tt.portrait})
		draw.Draw(portrait, portrait.Rect, image.NewUniform(ink), image.Point{}, draw.Src)
		paper, _ := Find(tt.paper)
		page := paper.Fill(portrait, tt.width)
		if page.Rect.Size() != tt.page {
			t.Errorf("%s: %v pixels, want %v", tt.paper, page.Rect.Size(), tt.page)
		}
		area, all := 0, image.Rectangle{}
		for y := range page.Rect.Dy() {
			for x := range page.Rect.Dx() {
				if page.RGBAAt(x, y) == ink {
					area++
					all = all.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		one := pixels(tt.width) * pixels(tt.width*float64(tt.portrait.Y)/float64(tt.portrait.X))
		if want := tt.columns * tt.rows * one; area != want {
			t.Errorf("%s: portraits of %d pixels, want %d of %d", tt.paper, area, tt.columns*tt.rows, one)
		}
		if left, right := all.Min.X, page.Rect.Dx()-all.Max.X; left-right > 1 || right-left > 1 {
			t.Errorf("%s: %d pixels left and %d right of the portraits", tt.paper, left, right)
		}
	}
}

// TestResolution: printers read it, and pictures stay readable with it.
func TestResolution(t *testing.T) {
	t.Parallel()
	page := image.NewRGBA(image.Rect(0, 0, 30, 20))
	for _, tt := range []struct {
		write  func(io.Writer, image.Image) error
		decode func(io.Reader) (image.Image, error)
		says   string
	}{
		{JPEG, jpeg.Decode, "JFIF\x00\x01\x02\x01\x01\x2c\x01\x2c"},   // 300 dots per inch, twice
		{PNG, png.Decode, "pHYs\x00\x00\x2e\x23\x00\x00\x2e\x23\x01"}, // 11811 per metre
	} {
		var file bytes.Buffer
		if err := tt.write(&file, page); err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(file.Bytes(), []byte(tt.says)) {
			t.Errorf("no resolution %q", tt.says)
		}
		if got, err := tt.decode(&file); err != nil || got.Bounds() != page.Rect {
			t.Errorf("%v", err)
		}
	}
}
