package lite

import (
	"image"
	"image/color"
	"math"
	"math/bits"
)

// An emitter receives a symbol and the bits that follow it.
type emitter func(symbol byte, extra uint32, n int)

// plane is one component: its blocks row by row, each with 64 coefficients in
// zigzag order, multiplied by coefficientScale.
type plane struct{ blocks [][64]int16 }

const coefficientScale = 8

// zigzag lists the positions in a block in the order they are written (figure 5).
var zigzag = [64]int{0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63}

// planesOf transforms an image: luminance, and chrominance at half the resolution.
func planesOf(p *image.RGBA) [3]plane {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	full := image.NewYCbCr(p.Rect, image.YCbCrSubsampleRatio444)
	for y := range h {
		for x := range w {
			c, i := p.Pix[y*p.Stride+4*x:][:3], y*full.YStride+x
			full.Y[i], full.Cb[i], full.Cr[i] = color.RGBToYCbCr(c[0], c[1], c[2])
		}
	}
	half := func(samples []byte) func(x, y int) float32 {
		return func(x, y int) float32 {
			left, right := 2*x, min(2*x+1, w-1)
			above, below := samples[2*y*full.CStride:], samples[min(2*y+1, h-1)*full.CStride:]
			return float32(int(above[left])+int(above[right])+int(below[left])+int(below[right])) / 4
		}
	}
	return [3]plane{
		planeOf(w, h, func(x, y int) float32 { return float32(full.Y[y*full.YStride+x]) }),
		planeOf((w+1)/2, (h+1)/2, half(full.Cb)),
		planeOf((w+1)/2, (h+1)/2, half(full.Cr)),
	}
}

// planeOf transforms w×h samples, padding blocks by repeating the last samples.
func planeOf(w, h int, sample func(x, y int) float32) plane {
	var p plane
	p.blocks = make([][64]int16, 0, (w+7)/8*((h+7)/8))
	for top := 0; top < h; top += 8 {
		for left := 0; left < w; left += 8 {
			var block [64]float32
			for i := range block {
				block[i] = sample(min(left+i%8, w-1), min(top+i/8, h-1)) - 128
			}
			p.blocks = append(p.blocks, transform(block))
		}
	}
	return p
}

// cosines are the factors of the one-dimensional DCT (A.3.3).
var cosines = func() (table [8][8]float32) {
	for u := range table {
		for x := range table[u] {
			table[u][x] = float32(math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) / 2)
			if u == 0 {
				table[u][x] /= math.Sqrt2
			}
		}
	}
	return table
}()

func transform(block [64]float32) (coefficients [64]int16) {
	var rows, both [64]float32
	for i := range rows {
		for x, cosine := range cosines[i%8] {
			rows[i] += cosine * block[i/8*8+x]
		}
	}
	for i := range both {
		for y, cosine := range cosines[i/8] {
			both[i] += cosine * rows[y*8+i%8]
		}
	}
	for k, place := range zigzag {
		coefficients[k] = int16(math.Round(float64(both[place] * coefficientScale)))
	}
	return coefficients
}

// quantizer divides coefficients by its steps.
type quantizer [64]int

func (q *quantizer) value(coefficient int16, k int) int {
	v, step := int(coefficient), q[k]*coefficientScale
	switch {
	case 2*v >= step:
		return (v + step/2) / step
	case -2*v >= step:
		return -((step/2 - v) / step)
	}
	return 0 // avoids the division for most coefficients
}

// means emits the DC coefficients as differences (G.1.2.1).
func (p plane) means(q quantizer, emit emitter) {
	last := 0
	for i := range p.blocks {
		mean := q.value(p.blocks[i][0], 0)
		n, extra := magnitude(mean - last)
		emit(byte(n), extra, n)
		last = mean
	}
}

// details emits the AC coefficients. For a run of blocks that end in zeros, only
// its length is written (G.1.2.2).
func (p plane) details(q quantizer, emit emitter) {
	const most = 0x7fff
	ended := 0
	end := func() {
		if ended > 0 {
			n := bits.Len(uint(ended)) - 1
			emit(byte(n<<4), uint32(ended-1<<n), n)
			ended = 0
		}
	}
	for i := range p.blocks {
		zeros := 0
		for k := 1; k < 64; k++ {
			v := q.value(p.blocks[i][k], k)
			if v == 0 {
				zeros++
				continue
			}
			end()
			for ; zeros > 15; zeros -= 16 {
				emit(0xf0, 0, 0)
			}
			n, extra := magnitude(v)
			emit(byte(zeros<<4|n), extra, n)
			zeros = 0
		}
		if zeros > 0 {
			ended++
		}
		if ended == most {
			end()
		}
	}
	end()
}

// magnitude returns the bit length and the bits of a number (F.1.2.1).
func magnitude(v int) (n int, extra uint32) {
	if v < 0 {
		n = bits.Len(uint(-v))
		return n, uint32(v-1) & (1<<n - 1)
	}
	n = bits.Len(uint(v))
	return n, uint32(v)
}
