package lite

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"slices"
)

//go:embed pigo/puploc
var pupilCascade []byte

// pupilFinder locates pupils with an ensemble of regression trees (Markuš, Frljak,
// Pandžić, Ahlberg, Forchheimer, "Eye pupil localization with an ensemble of
// randomized trees", Pattern Recognition 2014). It uses pigo's cascade but not pigo's
// code, which starts from random positions: the same photo must always give the
// same portrait.
type pupilFinder struct {
	stages int
	shrink float64 // of the window, per stage
	trees  []pupilTree
}

// pupilTree is a decision tree that compares pairs of pixels.
type pupilTree struct {
	pairs  [][4]int8 // row and column of both, in 256ths of the window
	leaves [][2]float64
}

func newPupilFinder(cascade []byte) (*pupilFinder, error) {
	const header = 16
	if len(cascade) < header {
		return nil, errors.New("the pupil cascade is truncated")
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(cascade[at:]) }
	float := func(at int) float64 { return float64(math.Float32frombits(number(at))) }
	f := &pupilFinder{stages: int(number(0)), shrink: float(4)}
	leaves := 1 << number(12)
	size := 4*(leaves-1) + 8*leaves
	trees := f.stages * int(number(8))
	if len(cascade) != header+trees*size {
		return nil, errors.New("the pupil cascade has the wrong length")
	}
	for at := header; at < len(cascade); at += size {
		tree := pupilTree{pairs: make([][4]int8, leaves-1), leaves: make([][2]float64, leaves)}
		for i := range tree.pairs {
			for k := range 4 {
				tree.pairs[i][k] = int8(cascade[at+4*i+k])
			}
		}
		for i := range tree.leaves {
			leaf := at + 4*len(tree.pairs) + 8*i
			tree.leaves[i] = [2]float64{float(leaf), float(leaf + 4)}
		}
		f.trees = append(f.trees, tree)
	}
	return f, nil
}

// point is a position in an image, in pixels.
type point struct{ x, y float64 }

// find looks for a pupil near a point, in a window of a size in pixels. It starts
// from many positions nearby; spread is how far apart the middle half of them end.
func (f *pupilFinder) find(grey *image.Gray, near point, window float64) (pupil point, spread float64) {
	var xs, ys []float64
	for _, size := range []float64{0.93, 1, 1.07} {
		for dy := -2.0; dy <= 2; dy++ {
			for dx := -2.0; dx <= 2; dx++ {
				const apart = 0.035 // of the window
				end := f.descend(grey, point{near.x + dx*apart*window, near.y + dy*apart*window}, size*window)
				xs, ys = append(xs, end.x), append(ys, end.y)
			}
		}
	}
	slices.Sort(xs)
	slices.Sort(ys)
	n := len(xs)
	return point{xs[n/2], ys[n/2]}, max(xs[3*n/4]-xs[n/4], ys[3*n/4]-ys[n/4])
}

func (f *pupilFinder) descend(grey *image.Gray, p point, window float64) point {
	perStage := len(f.trees) / f.stages
	for stage := range f.stages {
		var move [2]float64
		for _, tree := range f.trees[stage*perStage:][:perStage] {
			leaf := tree.leaf(grey, p, window)
			move[0] += leaf[0]
			move[1] += leaf[1]
		}
		p.y += float64(move[0] * window) // the conversion prevents fused multiply-add, which differs between processors
		p.x += float64(move[1] * window)
		window *= f.shrink
	}
	return p
}

func (t *pupilTree) leaf(grey *image.Gray, p point, window float64) [2]float64 {
	at := 0
	for at < len(t.pairs) {
		pair := t.pairs[at]
		first, second := pixelNear(grey, p, window, pair[0], pair[1]), pixelNear(grey, p, window, pair[2], pair[3])
		at = 2*at + 1
		if first > second {
			at++
		}
	}
	return t.leaves[at-len(t.pairs)]
}

// pixelNear reads the pixel at an offset in 256ths of the window, or the nearest one
// inside the image.
func pixelNear(grey *image.Gray, p point, window float64, row, column int8) uint8 {
	size := int(math.Round(window))
	y := (256*int(p.y) + int(row)*size) >> 8
	x := (256*int(p.x) + int(column)*size) >> 8
	bounds := grey.Rect
	return grey.Pix[max(0, min(bounds.Dy()-1, y))*grey.Stride+max(0, min(bounds.Dx()-1, x))]
}
