// Package matting separates a person from the background of a photo without a
// trained model: a graph cut between two mixtures of colours that start from the
// detected face (GrabCut), refined towards the requested size, and an edge from a
// guided filter. It does no I/O, has no state between calls, and returns the same
// bytes on every processor.
package matting

import (
	"context"
	"image"
)

const (
	learningSide = 128 // pixels of the longer side while colours are learned
	cuttingSide  = 256 // and for the resulting cut
	rounds       = 6   // of learning and cutting; few pictures need more than four
)

// Cut is a person separated from the background.
type Cut struct {
	subject Face
	cutter  *cutter
}

// Surroundings returns the part of a photo that Segment needs for a face: head,
// shoulders, and enough around them to learn the background. It may extend beyond
// the photo.
func Surroundings(f Face) image.Rectangle {
	const sides, above, below = 2.2, 2.1, 2.3 // in sides of the face
	return image.Rect(
		int(f.X-product(sides, f.Side)), int(f.Y-product(above, f.Side)),
		int(f.X+product(sides, f.Side))+1, int(f.Y+product(below, f.Side))+1,
	)
}

// Segment separates the person with the subject's face from everything else in
// the picture, including other people. Transparent parts are ignored. It only
// fails when ctx is done.
func Segment(ctx context.Context, picture *image.RGBA, subject Face, bystanders []Face) (*Cut, error) {
	coarse := newCutter(newScene(picture, learningSide), subject, bystanders)
	if err := coarse.run(ctx, rounds); err != nil {
		return nil, err
	}
	coarse.keepPerson()
	fine := newCutter(newScene(picture, cuttingSide), subject, bystanders)
	fine.refine(coarse, func(px, py float64) (float64, float64) { return px, py })
	if err := fine.finish(ctx); err != nil {
		return nil, err
	}
	return &Cut{subject, fine}, nil
}

// refine adopts a coarser cut, leaving only pixels near its border undecided.
// toCoarse maps a place in the finer picture to the coarser.
func (c *cutter) refine(coarse *cutter, toCoarse func(px, py float64) (float64, float64)) {
	c.foreground, c.background = coarse.foreground, coarse.background
	const reach = 2 // pixels of the coarser scene
	near := coarse.within(reach)
	for i := range c.labels {
		at := coarse.scene.at(toCoarse(c.scene.place(i%c.scene.width, i/c.scene.width)))
		c.labels[i] = coarse.labels[at] && !c.scene.void[i]
		if near[at] || c.hints[i] == surelyBackground || c.hints[i] == surelyForeground {
			continue
		}
		c.hints[i] = surelyBackground
		if c.labels[i] {
			c.hints[i] = surelyForeground
		}
	}
}

// finish cuts once more with the current mixtures.
func (c *cutter) finish(ctx context.Context) error {
	if len(c.foreground) == 0 || len(c.background) == 0 {
		return nil
	}
	_, err := c.cut(ctx)
	c.keepPerson()
	return err
}

// within marks the pixels that have a pixel with a different label in the square
// of this radius around them.
func (c *cutter) within(radius int) []bool {
	count, sum := make([]float64, len(c.labels)), make([]float64, len(c.labels))
	for i := range c.labels {
		count[i] = 1
		if c.labels[i] {
			sum[i] = 1
		}
	}
	box := newBoxFilter(c.scene.width, c.scene.height)
	box.sum(count, radius)
	box.sum(sum, radius)
	near := make([]bool, len(c.labels))
	for i := range near {
		near[i] = sum[i] != 0 && sum[i] != count[i]
	}
	return near
}
