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
	// detectSide is the longest side, in pixels, of the picture that faces are
	// looked for in.
	detectSide = 640
	// minFace is the smallest face found there, in pixels.
	minFace = 32
	// minQuality is the summed score of the overlapping windows that make a
	// face. Measured: the face of testdata/astronaut.png, scaled to 160 to
	// 3000 pixels, as it is and mirrored, scores 36 to 103. What isn't an
	// upright face (that photo's other parts, turned and upside down too;
	// coffee.png at 100 to 3000 pixels held in all eight ways) scores at most
	// 11. This is the geometric mean.
	minQuality = 20
	// sameFace is the overlap (intersection over union) from which two windows
	// show the same face.
	sameFace = 0.2
)

// face is a square from the brows to the chin, in pixels of the upright photo.
type face struct {
	centerX, centerY float64
	side             float64
	turn             direction // from one eye to the other, where they are not level
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

// largestFace finds the largest face of a photo, if it shows any.
func (d *detector) largestFace(p *photo) (face, bool) {
	faces := d.faces(p)
	if len(faces) == 0 {
		return face{}, false
	}
	return faces[0], true
}

// faces finds the faces of a photo, the largest first. That one is turned
// upright by its eyes.
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

// greyCopy is the upright photo in shades of grey, scaled; transparent parts
// are light.
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

// position is where the contract reports the face.
func (f face) position() facePosition {
	side := int(math.Round(f.side))
	return facePosition{
		X:      int(math.Round(f.centerX - f.side/2)),
		Y:      int(math.Round(f.centerY - f.side/2)),
		Width:  side,
		Height: side,
	}
}
