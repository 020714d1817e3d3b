package matting

// guidedRadius and guidedRegular are the guided filter's window, in sides of
// the face, and its regularisation, in squared levels (1e-4 where white is 1).
const (
	guidedRadius  = 0.035
	guidedRegular = 6.5
)

// linear describes how an edge follows the picture at a pixel: alpha is
// slope·colour + offset.
type linear struct {
	slope  [3]float64
	offset float64
}

// guide fits alpha as a linear function of the colour, in a window around each
// pixel, and averages the functions of all windows that contain a pixel (He, Sun,
// Tang, "Guided Image Filtering", ECCV 2010). Thus the mask's edge follows the
// picture's, down to single hairs.
func guide(s *scene, alpha []float64, radius int) []linear {
	const products, crossed, means = 0, 6, 9
	count := make([]float64, len(alpha))
	planes := make([][]float64, 13) // the products of colours, of colours with alpha, the colours, alpha
	for k := range planes {
		planes[k] = make([]float64, len(alpha))
	}
	for i, c := range s.colours {
		if s.void[i] {
			continue
		}
		count[i] = 1
		r, g, b, a := float64(c[0]), float64(c[1]), float64(c[2]), alpha[i]
		for k, v := range [13]float64{
			product(r, r), product(r, g), product(r, b), product(g, g), product(g, b), product(b, b),
			product(r, a), product(g, a), product(b, a), r, g, b, a,
		} {
			planes[k][i] = v
		}
	}
	box := newBoxFilter(s.width, s.height)
	box.sum(count, radius)
	for k := range planes {
		box.sum(planes[k], radius)
	}
	fitted := make([]linear, len(alpha))
	for i := range fitted {
		if s.void[i] {
			continue
		}
		var mean [13]float64
		for k := range mean {
			mean[k] = planes[k][i] / count[i]
		}
		fitted[i] = fit([6]float64(mean[products:]), [3]float64(mean[crossed:]), [3]float64(mean[means:]), mean[12])
	}
	return averageLinear(s, fitted, count, box, radius)
}

// fit returns the regression of alpha on the colour, from means over a window.
func fit(products [6]float64, crossed, colour [3]float64, alpha float64) linear {
	for i, of := range [6][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}} {
		products[i] -= product(colour[of[0]], colour[of[1]])
	}
	for _, diagonal := range []int{0, 3, 5} {
		products[diagonal] += guidedRegular
	}
	v, _ := invert(products)
	var with [3]float64
	for i := range with {
		with[i] = crossed[i] - product(colour[i], alpha)
	}
	l := linear{slope: [3]float64{
		product(v[0], with[0]) + product(v[1], with[1]) + product(v[2], with[2]),
		product(v[1], with[0]) + product(v[3], with[1]) + product(v[4], with[2]),
		product(v[2], with[0]) + product(v[4], with[1]) + product(v[5], with[2]),
	}}
	l.offset = alpha
	for i := range colour {
		l.offset -= product(l.slope[i], colour[i])
	}
	return l
}

func averageLinear(s *scene, fitted []linear, count []float64, box *boxFilter, radius int) []linear {
	plane := make([]float64, len(fitted))
	for k := range 4 {
		for i := range fitted {
			plane[i] = *fitted[i].coefficient(k)
		}
		box.sum(plane, radius)
		for i := range fitted {
			if !s.void[i] {
				*fitted[i].coefficient(k) = plane[i] / count[i]
			}
		}
	}
	return fitted
}

func (l *linear) coefficient(k int) *float64 {
	if k == 3 {
		return &l.offset
	}
	return &l.slope[k]
}

// at returns alpha for a colour.
func (l *linear) at(c colour) float64 {
	alpha := l.offset
	for k := range c {
		alpha += product(l.slope[k], float64(c[k]))
	}
	return alpha
}
