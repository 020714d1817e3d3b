package lite

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

const (
	// maxSide limits the output, and so the memory per request: 64 MB at 4096×4096.
	maxSide = 4096
	// maxMargin keeps the face at least a few pixels large.
	maxMargin = 10

	// headRatio is the height of a head including hair, relative to the detector's
	// square.
	headRatio = 1.3

	ovalRadius  = 0.48 // of the output's width and height, as in the images
	ovalFeather = 0.04 // width of the soft edge, relative to the shorter side
)

// options are the portrait options of a request.
type options struct {
	width, height int
	background    [3]int  // red, green, blue, 0 to 255
	margin        float64 // space around the head, in head heights
	oval          bool

	cropOnly bool // for documents: neither rotated nor cut out
}

// defaultOptions returns the same defaults as the images.
func defaultOptions() options {
	return options{width: 648, height: 648, background: [3]int{240, 240, 240}, margin: 0.3, oval: true}
}

// check returns an error for options that cannot be drawn; its text is returned to
// the client.
func (o options) check() error {
	if o.width < 1 || o.height < 1 || o.width > maxSide || o.height > maxSide {
		return fmt.Errorf("invalid output size %dx%d: width and height must be between 1 and %d", o.width, o.height, maxSide)
	}
	for _, c := range o.background {
		if c < 0 || c > 255 {
			return fmt.Errorf("invalid background color %v: red, green and blue must be between 0 and 255", o.background)
		}
	}
	if !(o.margin >= 0 && o.margin <= maxMargin) { // also false for NaN
		return fmt.Errorf("invalid face margin %v: it must be between 0 and %d", o.margin, maxMargin)
	}
	return nil
}

func (o options) backgroundColor() color.RGBA {
	return color.RGBA{byte(o.background[0]), byte(o.background[1]), byte(o.background[2]), 255}
}

// drawPortrait draws the upright face in the center of an opaque image. Areas outside
// the photo get the background color.
func drawPortrait(p *photo, f face, o options) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, o.width, o.height))
	draw.Draw(dst, dst.Rect, image.NewUniform(o.backgroundColor()), image.Point{}, draw.Src)
	f.drawCentred(dst, p, o.scale(f))
	return dst
}

// scale returns the scale of the portrait relative to the photo.
func (o options) scale(f face) float64 {
	visible := f.side * headRatio * (1 + 2*o.margin)
	return float64(min(o.width, o.height)) / visible
}

// exceeds reports whether a portrait extends beyond the photo.
func (o options) exceeds(p *photo, f face) bool {
	w, h := p.size()
	halfWidth, halfHeight := float64(o.width)/2/o.scale(f), float64(o.height)/2/o.scale(f)
	return f.centerX < halfWidth || f.centerY < halfHeight ||
		f.centerX+halfWidth > float64(w) || f.centerY+halfHeight > float64(h)
}

// drawCentred draws a photo with the upright face in the center.
func (f face) drawCentred(dst *image.RGBA, p *photo, scale float64) {
	size := dst.Rect.Size()
	center := scaleAndMove(scale, float64(size.X)/2, float64(size.Y)/2)
	p.drawMapped(dst, xdraw.CatmullRom, scale, then(f.upright(), center))
}

// opaque returns an opaque image as an NRGBA image that shares its pixels.
func opaque(p *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: p.Pix, Stride: p.Stride, Rect: p.Rect}
}

// cutOval makes an image transparent outside an oval with a soft edge, in place.
func cutOval(p *image.NRGBA) *image.NRGBA {
	w, h := float64(p.Rect.Dx()), float64(p.Rect.Dy())
	radiusX, radiusY := w*ovalRadius, h*ovalRadius
	feather := min(w, h) * ovalFeather
	for y := range p.Rect.Dy() {
		dy := (float64(y) + 0.5 - h/2) / radiusY
		row := p.Pix[y*p.Stride:][:4*p.Rect.Dx()]
		for x := range p.Rect.Dx() {
			dx := (float64(x) + 0.5 - w/2) / radiusX
			inside := (1 - math.Sqrt(dx*dx+dy*dy)) * min(radiusX, radiusY) // pixels from the edge
			row[4*x+3] = byte(math.Round(float64(row[4*x+3]) * smoothstep(0.5+inside/feather)))
		}
	}
	return p
}

// smoothstep rises from 0 to 1 without a visible kink.
func smoothstep(t float64) float64 {
	t = max(0, min(1, t))
	return t * t * (3 - 2*t)
}

// flatten draws an image on a background. It works in place: the result shares its
// pixels.
func flatten(p *image.NRGBA, background color.RGBA) *image.RGBA {
	under := [3]int{int(background.R), int(background.G), int(background.B)}
	for i := 0; i < len(p.Pix); i += 4 {
		alpha := int(p.Pix[i+3])
		for c := range 3 {
			p.Pix[i+c] = byte((int(p.Pix[i+c])*alpha + under[c]*(255-alpha) + 127) / 255)
		}
		p.Pix[i+3] = 255
	}
	return &image.RGBA{Pix: p.Pix, Stride: p.Stride, Rect: p.Rect}
}
