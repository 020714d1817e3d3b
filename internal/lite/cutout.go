package lite

import (
	"context"
	"image"
	"math"

	xdraw "golang.org/x/image/draw"

	"github.com/djok/facecraft/internal/matting"
)

// surroundingsSide is the longer side, in pixels, of the image in which the person
// is separated from the background.
const surroundingsSide = 512

// cutPortrait draws the portrait of the first face without its background. If that
// is not reliable, doubt says why and picture is nil.
func cutPortrait(
	ctx context.Context, p *photo, faces []face, o options,
) (picture *image.NRGBA, doubt string, err error) {
	f := faces[0]
	surroundings, view := f.surroundings(p, o)
	cut, err := matting.Segment(ctx, surroundings, view.face(f, f), view.others(f, faces[1:]))
	if err != nil {
		return nil, "", err
	}
	if doubt := cut.Doubt(); doubt != "" {
		return nil, doubt, nil
	}
	portrait := image.NewRGBA(image.Rect(0, 0, o.width, o.height))
	scale := o.scale(f)
	f.drawCentred(portrait, p, scale)
	picture, err = cut.Extract(ctx, portrait, matting.View{
		X:     view.centerX - float64(o.width)/2/scale*view.scale,
		Y:     view.centerY - float64(o.height)/2/scale*view.scale,
		Scale: view.scale / scale,
	})
	return picture, "", err
}

// view says where an image has the centre of an upright face, and its scale
// relative to the photo.
type view struct{ centerX, centerY, scale float64 }

// surroundings draws the area around a face that is needed for separating the
// person from the background and for the portrait.
func (f face) surroundings(p *photo, o options) (*image.RGBA, view) {
	around := matting.Surroundings(matting.Face{Side: f.side})
	halfWidth := float64(o.width) / 2 / o.scale(f)
	halfHeight := float64(o.height) / 2 / o.scale(f)
	around = around.Union(image.Rect(
		int(math.Floor(-halfWidth)), int(math.Floor(-halfHeight)), int(math.Ceil(halfWidth)), int(math.Ceil(halfHeight))))
	around = around.Intersect(f.photoBounds(p))
	scale := min(1, surroundingsSide/float64(max(1, around.Dx(), around.Dy())))
	v := view{float64(-around.Min.X) * scale, float64(-around.Min.Y) * scale, scale}
	picture := image.NewRGBA(image.Rect(0, 0,
		max(1, int(math.Ceil(float64(around.Dx())*scale))), max(1, int(math.Ceil(float64(around.Dy())*scale)))))
	p.drawMapped(picture, xdraw.CatmullRom, scale, then(f.upright(), scaleAndMove(scale, v.centerX, v.centerY)))
	return picture, v
}

// photoBounds returns the photo's edges relative to the centre of the upright face.
func (f face) photoBounds(p *photo) image.Rectangle {
	w, h := p.size()
	turned := f.upright()
	bounds := image.Rectangle{}
	for _, corner := range [4]point{{0, 0}, {float64(w), 0}, {0, float64(h)}, {float64(w), float64(h)}} {
		x := turned[0]*corner.x + turned[1]*corner.y + turned[2]
		y := turned[3]*corner.x + turned[4]*corner.y + turned[5]
		bounds = bounds.Union(image.Rect(int(math.Floor(x)), int(math.Floor(y)), int(math.Ceil(x))+1, int(math.Ceil(y))+1))
	}
	return bounds
}

// face maps another face of the photo into the view of the upright one.
func (v view) face(upright, other face) matting.Face {
	turned := upright.upright()
	return matting.Face{
		X:    v.centerX + v.scale*(turned[0]*other.centerX+turned[1]*other.centerY+turned[2]),
		Y:    v.centerY + v.scale*(turned[3]*other.centerX+turned[4]*other.centerY+turned[5]),
		Side: v.scale * other.side,
	}
}

func (v view) others(upright face, list []face) (others []matting.Face) {
	for _, other := range list {
		others = append(others, v.face(upright, other))
	}
	return others
}
