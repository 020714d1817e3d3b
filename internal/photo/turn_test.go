package photo

import (
	"bytes"
	"os"
	"testing"
)

// corners are those of a picture: upper left, upper right, lower left, lower right.
type corners [4]int

func (c corners) quarterAnticlockwise() corners { return corners{c[1], c[3], c[0], c[2]} }
func (c corners) topToBottom() corners          { return corners{c[2], c[3], c[0], c[1]} }
func (c corners) leftToRight() corners          { return corners{c[1], c[0], c[3], c[2]} }

// exifCorners is how a stored picture is shown with each EXIF orientation: Exif 2.3,
// tag 274.
var exifCorners = [9]corners{
	1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1},
	5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2},
}

// TestAVIFOrientation rewrites the properties of testdata/turned.avif, which
// avifenc made, and turns the corners as these say.
func TestAVIFOrientation(t *testing.T) {
	t.Parallel()
	made, err := os.ReadFile("testdata/turned.avif")
	if err != nil {
		t.Fatal(err)
	}
	irot, imir := bytes.Index(made, []byte("irot")), bytes.Index(made, []byte("imir"))
	for quarters := range 4 {
		for mirrored := range 3 {
			data := bytes.Clone(made)
			shown := corners{0, 1, 2, 3}
			data[irot+4] = byte(quarters)
			for range quarters {
				shown = shown.quarterAnticlockwise()
			}
			switch mirrored {
			case 0:
				copy(data[imir:], "free")
			case 1:
				data[imir+4] = 0
				shown = shown.topToBottom()
			case 2:
				data[imir+4] = 1
				shown = shown.leftToRight()
			}
			if got := Orientation(bytes.NewReader(data), int64(len(data))); exifCorners[got] != shown {
				t.Errorf("%d quarters, mirrored %d: orientation %d", quarters, mirrored, got)
			}
		}
	}
}

// TestBrokenAVIF cuts and damages every byte of the headers.
func TestBrokenAVIF(t *testing.T) {
	t.Parallel()
	made, err := os.ReadFile("testdata/turned.avif")
	if err != nil {
		t.Fatal(err)
	}
	for n := range bytes.Index(made, []byte("mdat")) - 4 {
		cut := made[:n]
		if got := Orientation(bytes.NewReader(cut), int64(n)); got != Upright {
			t.Errorf("cut at %d: orientation %d", n, got)
		}
		for _, b := range []byte{0, 1, 0xff} {
			damaged := bytes.Clone(made)
			damaged[n] = b
			if got := Orientation(bytes.NewReader(damaged), int64(len(damaged))); got < 1 || got > 8 {
				t.Errorf("byte %d is %d: orientation %d", n, b, got)
			}
			_, _ = inspect(damaged) // must end
		}
	}
}

// TestNestedBoxes would need a gigabyte of stack if the boxes were followed.
func TestNestedBoxes(t *testing.T) {
	t.Parallel()
	const depth = 1 << 20
	data := append([]byte("\x00\x00\x00\x14ftypavif\x00\x00\x00\x00avif"), make([]byte, 12*depth)...)
	for i := range depth {
		at := 20 + 12*i
		size := uint32(len(data) - at)
		copy(data[at:], []byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size), 'm', 'e', 't', 'a'})
	}
	if got := Orientation(bytes.NewReader(data), int64(len(data))); got != Upright {
		t.Errorf("orientation %d", got)
	}
}
