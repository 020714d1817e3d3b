//go:build nodynamic

package photo

import (
	"bytes"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a picture of the decoder's own tests.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	module := "github.com/gen2brain/" + strings.TrimPrefix(filepath.Ext(name), ".")
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestHEIFIsConverted(t *testing.T) {
	for name, want := range map[string]struct {
		format Format
		side   int
	}{
		"test.heic": {HEIC, 1346}, "test8.heic": {HEIC, 512}, "gray.heic": {HEIC, 512},
		"test8.avif": {AVIF, 512}, "test10.avif": {AVIF, 512},
	} {
		data := sample(t, name)
		r, size := bytes.NewReader(data), int64(len(data))
		info, err := Inspect(r, size)
		if err != nil || info != (Info{want.format, want.side, want.side, true}) {
			t.Errorf("%s: %+v, %v", name, info, err)
			continue
		}
		converted, err := Convert(r, size, info)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c, err := jpeg.DecodeConfig(bytes.NewReader(converted))
		if err != nil || c.Width != want.side || c.Height != want.side {
			t.Errorf("%s: JPEG %+v, %v", name, c, err)
		}
	}
}

// TestTurnedAVIF is a picture with red at its upper left, stored turned.
func TestTurnedAVIF(t *testing.T) {
	data, err := os.ReadFile("testdata/turned.avif")
	if err != nil {
		t.Fatal(err)
	}
	// As some encoders name it.
	copy(data[8:], "mif1")
	r, size := bytes.NewReader(data), int64(len(data))
	info, err := Inspect(r, size)
	if err != nil || info != (Info{AVIF, 48, 32, true}) {
		t.Fatalf("%+v, %v", info, err)
	}
	converted, err := Convert(r, size, info)
	if err != nil {
		t.Fatal(err)
	}
	if got := Orientation(bytes.NewReader(converted), int64(len(converted))); got != 5 {
		t.Errorf("the JPEG has orientation %d", got)
	}
	picture, err := jpeg.Decode(bytes.NewReader(converted))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := picture.At(4, 4).RGBA(); r>>8 < 180 || g>>8 > 80 || b>>8 > 80 {
		t.Errorf("the corner is %d %d %d", r>>8, g>>8, b>>8)
	}
}

// TestLargeAVIF must not be decoded.
func TestLargeAVIF(t *testing.T) {
	_, err := Convert(bytes.NewReader(nil), 0, Info{AVIF, 4000, 3001, true})
	const want = "only AVIF files of up to 12 million can be converted; export it as JPEG"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestBrokenHEIC must end in an error, never in the program's end.
func TestBrokenHEIC(t *testing.T) {
	whole := sample(t, "test8.heic")
	for _, n := range []int{12, 40, 200, len(whole) / 2, len(whole) - 1} {
		cut := whole[:n]
		if _, err := Inspect(bytes.NewReader(cut), int64(n)); err == nil {
			t.Errorf("%d of %d bytes are taken for a whole picture", n, len(whole))
		}
		_, err := Convert(bytes.NewReader(cut), int64(n), Info{Format: HEIC, Width: 512, Height: 512})
		if err == nil && n < len(whole)/2 {
			t.Errorf("%d of %d bytes became a JPEG", n, len(whole))
		}
	}
	damaged := bytes.Clone(whole)
	for i := len(whole) / 3; i < len(whole); i += 7 {
		damaged[i] ^= 0x5a
	}
	_, err := Convert(bytes.NewReader(damaged), int64(len(damaged)), Info{Format: HEIC, Width: 512, Height: 512})
	t.Log(err)
}
