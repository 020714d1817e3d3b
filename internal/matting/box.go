package matting

// boxFilter sums planes of numbers over squares. It reuses its memory from plane
// to plane.
type boxFilter struct {
	width   int
	rows    []float64 // sums along rows
	columns []float64 // a running sum for each column
}

func newBoxFilter(width, height int) *boxFilter {
	return &boxFilter{width: width, rows: make([]float64, width*height), columns: make([]float64, width)}
}

// sum replaces every value by the sum over the square of 2·radius+1 pixels around
// it, cropped to the plane.
func (b *boxFilter) sum(plane []float64, radius int) {
	for start := 0; start < len(plane); start += b.width {
		sumRow(b.rows[start:start+b.width], plane[start:start+b.width], radius)
	}
	clear(b.columns)
	height := len(plane) / b.width
	for y := -radius; y < height; y++ {
		if in := y + radius; in < height {
			for x, v := range b.row(in) {
				b.columns[x] += v
			}
		}
		if out := y - radius - 1; out >= 0 {
			for x, v := range b.row(out) {
				b.columns[x] -= v
			}
		}
		if y >= 0 {
			copy(plane[y*b.width:], b.columns)
		}
	}
}

func (b *boxFilter) row(y int) []float64 { return b.rows[y*b.width:][:b.width] }

func sumRow(to, from []float64, radius int) {
	sum := 0.0
	for x := -radius; x < len(from); x++ {
		if in := x + radius; in < len(from) {
			sum += from[in]
		}
		if out := x - radius - 1; out >= 0 {
			sum -= from[out]
		}
		if x >= 0 {
			to[x] = sum
		}
	}
}
