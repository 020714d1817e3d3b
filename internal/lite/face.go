package lite

import (
	"cmp"
	_ "embed"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	pigo "github.com/esimov/pigo/core"
	xdraw "golang.org/x/image/draw"
)

//go:embed pigo/facefinder
var cascade []byte

const (
	// detectSide is the longest side, in pixels, of the image used for detection.
	detectSide = 640
	// minFace is the size of the smallest face found in it, in pixels.
	minFace = 32
	// minQuality is the minimum total score of the overlapping windows of a face.
	// Measured: the face in testdata/astronaut.png, scaled to 160 to 3000 pixels,
	// mirrored or not, scores 36 to 103. Anything else (other parts of that photo,
	// also rotated; coffee.png at 100 to 3000 pixels in all eight orientations)
	// scores at most 11. This is the geometric mean.
	minQuality = 20
	// sameFace is the minimum overlap (intersection over union) of two windows that
	// show the same face.
	sameFace = 0.2
)

// face is a square from the eyebrows to the chin, in pixels of the upright photo.
type face struct {
	centerX, centerY float64
	side             float64
	turn             direction // from one eye to the other, unless they are level
}

// detector finds faces. It is safe for concurrent use.
type detector struct {
	classifier *pigo.Pigo
	pupils     *pupilFinder
}

func newDetector() (*detector, error) {
	classifier, err := pigo.NewPigo().Unpack(cascade)
	if err != nil {
		return nil, err
	}
	pupils, err := newPupilFinder(pupilCascade)
	if err != nil {
		return nil, err
	}
	return &detector{classifier, pupils}, nil
}

// largestFace finds the largest face in a photo, if there is one.
func (d *detector) largestFace(p *photo) (face, bool) {
	faces := d.faces(p)
	if len(faces) == 0 {
		return face{}, false
	}
	return faces[0], true
}

// faces finds the faces in a photo, largest first. The largest is levelled by its
// eyes.
func (d *detector) faces(p *photo) []face {
	w, h := p.size()
	scale := min(1, detectSide/float64(max(w, h)))
	grey := greyCopy(p, int(math.Ceil(float64(w)*scale)), int(math.Ceil(float64(h)*scale)), scale)
	windows := d.classifier.RunCascade(pigo.CascadeParams{
		MinSize:     minFace,
		MaxSize:     detectSide,
		ShiftFactor: 0.1,
		ScaleFactor: 1.1,
		ImageParams: pigo.ImageParams{
			Pixels: grey.Pix,
			Rows:   grey.Rect.Dy(),
			Cols:   grey.Rect.Dx(),
			Dim:    grey.Stride,
		},
	}, 0)

	var faces []face
	for _, found := range d.classifier.ClusterDetections(windows, sameFace) {
		if found.Q >= minQuality {
			faces = append(faces, face{
				centerX: float64(found.Col) / scale,
				centerY: float64(found.Row) / scale,
				side:    float64(found.Scale) / scale,
			})
		}
	}
	slices.SortStableFunc(faces, func(a, b face) int { return cmp.Compare(b.side, a.side) })
	if len(faces) > 0 {
		d.tilt(&faces[0], grey, scale)
	}
	return faces
}

// greyCopy returns the upright photo in greyscale, scaled, on a light background.
func greyCopy(p *photo, w, h int, scale float64) *image.Gray {
	canvas := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(color.Gray{Y: 240}), image.Point{}, draw.Src)
	p.drawOn(canvas, xdraw.ApproxBiLinear, scale, 0, 0)
	grey := image.NewGray(canvas.Rect)
	for i := range grey.Pix {
		c := canvas.Pix[4*i:][:3]
		grey.Pix[i] = byte((299*int(c[0]) + 587*int(c[1]) + 114*int(c[2])) / 1000)
	}
	return grey
}

// position returns the face in the format of the API.
func (f face) position() facePosition {
	side := int(math.Round(f.side))
	return facePosition{
		X:      int(math.Round(f.centerX - f.side/2)),
		Y:      int(math.Round(f.centerY - f.side/2)),
		Width:  side,
		Height: side,
	}
}
