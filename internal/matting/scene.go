package matting

import "image"

// colour is red, green and blue.
type colour [3]uint8

// scene is a reduced picture.
type scene struct {
	width, height int
	colours       []colour
	void          []bool  // nothing to see: transparent, or outside the photo
	scale         float64 // pixels of the picture in one of the scene
}

// newScene shrinks a picture until its longer side has at most side pixels, each
// the mean of those it replaces.
func newScene(picture *image.RGBA, side int) *scene {
	size := picture.Rect.Size()
	scale := max(1, float64(max(size.X, size.Y))/float64(side))
	s := &scene{
		width:  max(1, int(float64(size.X)/scale)),
		height: max(1, int(float64(size.Y)/scale)),
		scale:  scale,
	}
	s.colours = make([]colour, s.width*s.height)
	s.void = make([]bool, s.width*s.height)
	for y := range s.height {
		for x := range s.width {
			block := image.Rect(
				int(product(float64(x), scale)), int(product(float64(y), scale)),
				int(product(float64(x+1), scale)), int(product(float64(y+1), scale)),
			).Add(picture.Rect.Min).Intersect(picture.Rect)
			s.colours[y*s.width+x], s.void[y*s.width+x] = meanColour(picture, block)
		}
	}
	return s
}

// meanColour averages a block. One that is half transparent or more is void.
func meanColour(photo *image.RGBA, block image.Rectangle) (c colour, void bool) {
	var sum [4]int
	for y := block.Min.Y; y < block.Max.Y; y++ {
		row := photo.Pix[photo.PixOffset(block.Min.X, y):][:4*block.Dx()]
		for i := 0; i < len(row); i += 4 {
			for k := range sum {
				sum[k] += int(row[i+k])
			}
		}
	}
	if 2*sum[3] <= 255*block.Dx()*block.Dy() {
		return c, true
	}
	for k := range c { // premultiplied: a share of the alpha
		c[k] = uint8(min(255, (255*sum[k]+sum[3]/2)/sum[3]))
	}
	return c, false
}

// place returns the middle of a pixel in the picture.
func (s *scene) place(x, y int) (px, py float64) {
	return product(float64(x)+0.5, s.scale), product(float64(y)+0.5, s.scale)
}

// at returns the scene's pixel at a place in the picture, or the nearest one.
func (s *scene) at(px, py float64) int {
	x := max(0, min(s.width-1, int(px/s.scale)))
	y := max(0, min(s.height-1, int(py/s.scale)))
	return y*s.width + x
}
