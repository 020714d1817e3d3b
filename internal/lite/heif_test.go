//go:build nodynamic

package lite

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// TestHEIFPortraits makes portraits of the same part of the astronaut as HEIC and as
// AVIF, which is stored turned.
func TestHEIFPortraits(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for name, names := range map[string][]string{
		"astronaut.heic": {"IMG_1.HEIC", "misnamed.jpg"},
		"astronaut.avif": {"a.avif", "a.heif"},
	} {
		photo := filePart(t, name)
		for _, photo.filename = range names {
			answer := decode[processAnswer](t, post(t, e, "/api/v1/process", photo))
			if !answer.Success {
				t.Errorf("%s as %s: %s", name, photo.filename, *answer.ErrorMessage)
				continue
			}
			f := answer.Result.FacePosition
			if !near(f.X+f.Width/2, 110, 8) || !near(f.Y+f.Height/2, 68, 8) || !near(f.Width, 66, 15) {
				t.Errorf("%s: face at %+v", name, f)
			}
		}
	}
}

// TestLargeHEIF has sizes that are too large for the engine's memory.
func TestLargeHEIF(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"astronaut.heic": "image too large: 8000x6000 pixels, the limit is 25 megapixels for HEIC; export it as JPEG",
		"astronaut.avif": "image too large: 8000x6000 pixels, the limit is 5 megapixels for AVIF; export it as JPEG",
	} {
		file := []byte(testFile(t, name))
		size := bytes.Index(file, []byte("ispe")) + 8
		binary.BigEndian.PutUint32(file[size:], 8000)
		binary.BigEndian.PutUint32(file[size+4:], 6000)
		if _, err := decodePhoto(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
