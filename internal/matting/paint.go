package matting

import "image"

// paint cuts out a picture, using the matte of its small copy.
func (m *matte) paint(picture *image.RGBA) *image.NRGBA {
	size := picture.Rect.Size()
	out := image.NewNRGBA(image.Rect(0, 0, size.X, size.Y))
	columns := places(size.X, m.scene.width, m.scene.scale)
	for y, row := range places(size.Y, m.scene.height, m.scene.scale) {
		from := picture.Pix[picture.PixOffset(picture.Rect.Min.X, picture.Rect.Min.Y+y):][:4*size.X]
		to := out.Pix[y*out.Stride:][:4*size.X]
		kinds := m.kinds(row)
		for x, column := range columns {
			seen := from[4*x : 4*x+4]
			switch kinds[column.before] {
			case opaque:
				copy(to[4*x:], []byte{straight(seen[0], seen[3]), straight(seen[1], seen[3]), straight(seen[2], seen[3]), seen[3]})
			case edge:
				m.paintEdge(to[4*x:4*x+4], seen, m.taps(column, row))
			}
		}
	}
	return out
}

// place is the position of a picture's pixel along one axis of the scene: between
// one pixel and the next.
type place struct {
	before, after int
	share         float64 // of the pixel after
}

func places(pixels, scenePixels int, scale float64) []place {
	list := make([]place, pixels)
	for i := range list {
		p := max(0, min(float64(scenePixels-1), (float64(i)+0.5)/scale-0.5))
		before := int(p)
		list[i] = place{before, min(before+1, scenePixels-1), p - float64(before)}
	}
	return list
}

// kind is what lies between four pixels of the scene.
type kind uint8

const (
	transparent kind = iota
	opaque
	edge
)

// kinds returns the kind for every column between two rows.
func (m *matte) kinds(row place) []kind {
	list := make([]kind, m.scene.width)
	for x := range list {
		t := m.taps(place{x, min(x+1, m.scene.width-1), 0.5}, row)
		list[x] = m.kind(t.at[0])
		for _, at := range t.at {
			if m.kind(at) != list[x] {
				list[x] = edge
			}
		}
	}
	return list
}

func (m *matte) kind(at int) kind {
	switch {
	case m.edge[at]:
		return edge
	case m.alpha[at] == 1:
		return opaque
	}
	return transparent
}

// paintEdge interpolates alpha and colours from the four pixels around a place,
// and applies them to the colour seen there.
func (m *matte) paintEdge(to, from []byte, t taps) {
	if from[3] == 0 {
		return
	}
	seen := colour{straight(from[0], from[3]), straight(from[1], from[3]), straight(from[2], from[3])}
	alpha := 0.0
	var colours edgeColours
	for i, at := range t.at {
		a := m.alpha[at]
		if m.edge[at] {
			a = stretch(m.linear[at].at(seen))
		}
		alpha += product(t.weight[i], a)
		for k := range 3 {
			colours.foreground[k] += product(t.weight[i], m.colour[at].foreground[k])
			colours.background[k] += product(t.weight[i], m.colour[at].background[k])
		}
	}
	for k, v := range colours.of(seen, alpha) {
		to[k] = byte(v + 0.5)
	}
	to[3] = byte(product(alpha, float64(from[3])) + 0.5)
}

// straight undoes the multiplication with alpha.
func straight(c, alpha byte) byte {
	if alpha == 255 || alpha == 0 {
		return c
	}
	return byte(min(255, (255*int(c)+int(alpha)/2)/int(alpha)))
}

// taps are the four pixels of a scene around a place, and their shares in it.
type taps struct {
	at     [4]int
	weight [4]float64
}

func (m *matte) taps(x, y place) taps {
	w := m.scene.width
	t := taps{
		at: [4]int{y.before*w + x.before, y.before*w + x.after, y.after*w + x.before, y.after*w + x.after},
		weight: [4]float64{
			product(1-x.share, 1-y.share), product(x.share, 1-y.share), product(1-x.share, y.share), product(x.share, y.share),
		},
	}
	t.leaveOut(m.scene.void)
	return t
}

// leaveOut gives the shares of void pixels, which have no data, to the others.
func (t *taps) leaveOut(void []bool) {
	rest := 0.0
	for i, at := range t.at {
		if void[at] {
			t.weight[i] = 0
		}
		rest += t.weight[i]
	}
	if rest > 0 && rest < 1 {
		for i := range t.weight {
			t.weight[i] /= rest
		}
	}
}
