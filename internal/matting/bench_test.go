package matting

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func cutAll(t testing.TB, picture *image.RGBA, f Face) *image.NRGBA {
	t.Helper()
	cut, err := Segment(context.Background(), picture, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cut.Extract(context.Background(), picture, View{Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func BenchmarkTwelveMegapixels(b *testing.B) {
	picture, f := twelveMegapixels(b)
	for b.Loop() {
		cutAll(b, picture, f)
	}
}

// BenchmarkBesideOpenCV makes the masks of all composites, and has the grabCut of
// Debian's python3-opencv do the same from the same hints, at the same size. It
// tells the time for a picture, the overlap in the mean and at worst, and the
// ratios. OpenCV's time is without an edge: it has none.
func BenchmarkBesideOpenCV(b *testing.B) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import cv2").Run() != nil {
		b.Skip("OpenCV for Python is not installed (Debian's python3-opencv)")
	}
	her := astronaut(b)
	pictures := compositePictures(b, her)
	dir := b.TempDir()
	for i, picture := range pictures {
		writePNG(b, filepath.Join(dir, fmt.Sprint(i, ".png")), picture)
		writePNG(b, filepath.Join(dir, fmt.Sprint(i, ".hints.png")), hintPicture(picture))
	}
	var ours, theirs measured
	for b.Loop() {
		ours, theirs = measureOurs(b, her, pictures), measureOpenCV(b, python, dir)
	}
	ours.report(b, "")
	theirs.report(b, "-OpenCV")
	b.ReportMetric(ours.Milliseconds/theirs.Milliseconds, "time-ratio")
	b.ReportMetric(ours.IoU/theirs.IoU, "IoU-ratio")
}

// measured is the overlap in the mean and at worst, and the time for a picture.
type measured struct{ IoU, Worst, Milliseconds float64 }

func (m measured) report(b *testing.B, whose string) {
	b.ReportMetric(m.IoU, "IoU"+whose)
	b.ReportMetric(m.Worst, "worst-IoU"+whose)
	b.ReportMetric(m.Milliseconds, "ms/picture"+whose)
}

func measureOurs(b *testing.B, her person, pictures []*image.RGBA) measured {
	m := measured{Worst: 1}
	n := float64(len(pictures))
	start := time.Now()
	for _, picture := range pictures {
		overlap, _ := her.measure(cutAll(b, picture, astronautFace), 1)
		m.IoU += overlap / n
		m.Worst = min(m.Worst, overlap)
	}
	m.Milliseconds = float64(time.Since(start).Milliseconds()) / n
	return m
}

func measureOpenCV(b *testing.B, python, dir string) (m measured) {
	output, err := exec.Command(python, "testdata/grabcut.py", dir, "testdata/astronaut-mask.png").Output()
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(output, &m); err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	return m
}

func compositePictures(t testing.TB, her person) (pictures []*image.RGBA) {
	for _, c := range her.composites(t) {
		pictures = append(pictures, her.before(c.background, c.light, 512))
	}
	return pictures
}

// hintPicture has the hints of a scene as OpenCV's mask does, which has the
// same numbers in another order: 0 and 1 are sure, 2 and 3 probable.
func hintPicture(picture *image.RGBA) image.Image {
	c := newCutter(newScene(picture, cuttingSide), astronautFace, nil)
	hints := image.NewGray(image.Rect(0, 0, c.scene.width, c.scene.height))
	for i, h := range c.hints {
		hints.Pix[i] = map[hint]byte{surelyBackground: 0, surelyForeground: 1, maybeBackground: 2, maybeForeground: 3}[h]
	}
	return hints
}

func writePNG(t testing.TB, path string, picture image.Image) {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}
