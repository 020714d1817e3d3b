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
	"time"
)

// heicSamples are the decoder's own.
func heicSample(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gen2brain/heic").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestHEICIsConverted(t *testing.T) {
	for name, side := range map[string]int{"test.heic": 1346, "test8.heic": 512, "gray.heic": 512} {
		data := heicSample(t, name)
		r, size := bytes.NewReader(data), int64(len(data))
		info, err := Inspect(r, size)
		if err != nil || info.Format != HEIC || !info.Convert || info.Width != side || info.Height != side {
			t.Errorf("%s: %+v, %v", name, info, err)
			continue
		}
		begin := time.Now()
		converted, err := Convert(r, size, info)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %v", name, time.Since(begin))
		if c, err := jpeg.DecodeConfig(bytes.NewReader(converted)); err != nil || c.Width != side || c.Height != side {
			t.Errorf("%s: JPEG %+v, %v", name, c, err)
		}
	}
}

// TestBrokenHEIC must end in an error, never in the program's end.
func TestBrokenHEIC(t *testing.T) {
	whole := heicSample(t, "test8.heic")
	for _, n := range []int{12, 40, 200, len(whole) / 2, len(whole) - 1} {
		cut := whole[:n]
		if _, err := Inspect(bytes.NewReader(cut), int64(n)); err == nil {
			t.Errorf("%d of %d bytes are taken for a whole picture", n, len(whole))
		}
		if _, err := Convert(bytes.NewReader(cut), int64(n), Info{Format: HEIC, Width: 512, Height: 512}); err == nil && n < len(whole)/2 {
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
