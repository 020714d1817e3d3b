package e2e

import (
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestPortrait looks at the pixels of a portrait.
func TestPortrait(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("process", "--lite", photo(t), "-o", "face.png")
	file, err := os.Open(filepath.Join(u.dir, "face.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	portrait, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if size := portrait.Bounds().Size(); size != image.Pt(648, 648) {
		t.Fatalf("size %v", size)
	}
	alpha := func(x, y int) uint32 {
		_, _, _, a := portrait.At(x, y).RGBA()
		return a >> 8
	}
	for _, corner := range []image.Point{{0, 0}, {647, 0}, {0, 647}, {647, 647}} {
		if a := alpha(corner.X, corner.Y); a != 0 {
			t.Errorf("the corner %v is not transparent: %d", corner, a)
		}
	}
	if a := alpha(324, 324); a != 255 {
		t.Errorf("the centre is not opaque: %d", a)
	}
	if a := alpha(590, 300); a != 0 {
		t.Errorf("the studio's backdrop beside her head is still there: %d", a)
	}
	// Her face in the middle is skin: bright, and more red than blue.
	r, _, b, _ := portrait.At(324, 360).RGBA()
	if r>>8 < 120 || r < b+b/8 {
		t.Errorf("no skin in the middle: red %d, blue %d", r>>8, b>>8)
	}
}
