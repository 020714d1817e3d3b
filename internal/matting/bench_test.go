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

// BenchmarkComposites tells the time for a mask of a composite, and how good
// all are in the mean and at worst.
func BenchmarkComposites(b *testing.B) {
	her := astronaut(b)
	pictures := compositePictures(b, her)
	for b.Loop() {
		sum, worst := 0.0, 1.0
		for _, picture := range pictures {
			overlap, _ := her.measure(cutAll(b, picture, astronautFace), 1)
			sum, worst = sum+overlap, min(worst, overlap)
		}
		b.ReportMetric(sum/float64(len(pictures)), "IoU")
		b.ReportMetric(worst, "worst-IoU")
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*len(pictures)), "ms/picture")
}

// BenchmarkGrabCutOfOpenCV does the same with Debian's python3-opencv, from the
// same hints, at the same size.
func BenchmarkGrabCutOfOpenCV(b *testing.B) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import cv2").Run() != nil {
		b.Skip("OpenCV for Python is not installed (Debian's python3-opencv)")
	}
	her := astronaut(b)
	dir := b.TempDir()
	for i, picture := range compositePictures(b, her) {
		writePNG(b, filepath.Join(dir, fmt.Sprint(i, ".png")), picture)
		writePNG(b, filepath.Join(dir, fmt.Sprint(i, ".hints.png")), hintPicture(picture))
	}
	for b.Loop() {
		output, err := exec.Command(python, "testdata/grabcut.py", dir, "testdata/astronaut-mask.png").Output()
		if err != nil {
			b.Fatal(err)
		}
		var result struct{ IoU, Worst, Milliseconds float64 }
		if err := json.Unmarshal(output, &result); err != nil {
			b.Fatalf("%v: %s", err, output)
		}
		b.ReportMetric(result.IoU, "IoU")
		b.ReportMetric(result.Worst, "worst-IoU")
		b.ReportMetric(result.Milliseconds, "ms/picture")
	}
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
