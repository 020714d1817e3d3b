package lite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"sort"
)

// A JPEG encoder for a few hundredths of a bit per pixel. image/jpeg cannot do
// that: with its fixed Huffman codes even an empty image takes a bit for every
// eight pixels, 262 kB at 4096×4096. This encoder is progressive, so that runs of
// blocks without detail take a single code, and the codes are optimised for the
// image. References are to ITU-T T.81.

// quantSteps are the quantisation tables of quality 50, for luminance and
// chrominance, in zigzag order (tables K.1 and K.2).
var quantSteps = [2][64]int{
	{16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
		26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
		56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
		95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99},
	{17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99},
}

// coarsenings limits the search, as a power of coarser: with larger steps,
// nothing would be left of any image.
const (
	coarsenings = 40
	coarser     = 1.2
)

var errNoRoom = errors.New("the image does not fit into a JPEG of the maximum size")

// encodeCoarsely returns the best progressive JPEG of at most limit bytes, with
// quality 50 or less.
func encodeCoarsely(p *image.RGBA, limit int) ([]byte, error) {
	planes := planesOf(p)
	var best []byte
	found := sort.Search(coarsenings, func(i int) bool {
		file := progressive(p.Rect.Size(), planes, steps(math.Pow(coarser, float64(i))))
		if len(file) > limit {
			return false
		}
		best = file // the search ends with the best that fits
		return true
	})
	if found == coarsenings {
		return nil, errNoRoom
	}
	return best, nil
}

// steps returns quantSteps multiplied by times.
func steps(times float64) (tables [2][64]int) {
	for i := range tables {
		for k, step := range quantSteps[i] {
			tables[i][k] = min(int(math.Round(float64(step)*times)), math.MaxUint16)
		}
	}
	return tables
}

// progressive writes a whole file: for each component, one scan with the DC and
// one with the AC coefficients (annex G).
func progressive(size image.Point, planes [3]plane, tables [2][64]int) []byte {
	var file bytes.Buffer
	file.WriteString("\xff\xd8")
	for i, table := range tables {
		segment(&file, 0xdb, quantTable(byte(i), table))
	}
	frame := binary.BigEndian.AppendUint16([]byte{8}, uint16(size.Y))
	frame = binary.BigEndian.AppendUint16(frame, uint16(size.X))
	frame = append(frame, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1) // colors at half the resolution
	segment(&file, 0xc2, frame)
	for i, p := range planes {
		q := quantizer(tables[min(i, 1)])
		scan(&file, byte(i+1), 0, 0, func(emit emitter) { p.means(q, emit) })
		scan(&file, byte(i+1), 1, 63, func(emit emitter) { p.details(q, emit) })
	}
	file.WriteString("\xff\xd9")
	return file.Bytes()
}

func segment(file *bytes.Buffer, marker byte, content []byte) {
	file.Write([]byte{0xff, marker})
	file.Write(binary.BigEndian.AppendUint16(nil, uint16(len(content)+2)))
	file.Write(content)
}

// quantTable uses 16 bits per step, because coarse steps are large.
func quantTable(number byte, table [64]int) []byte {
	content := []byte{1<<4 | number}
	for _, step := range table {
		content = binary.BigEndian.AppendUint16(content, uint16(step))
	}
	return content
}

// scan runs blocks twice: to count the symbols, and to write them with codes
// optimised for these counts.
func scan(file *bytes.Buffer, component, first, last byte, blocks func(emitter)) {
	var counts [257]int
	blocks(func(symbol byte, _ uint32, _ int) { counts[symbol]++ })
	codes := codesFor(counts)
	class := byte(0)
	if first > 0 {
		class = 1
	}
	segment(file, 0xc4, codes.table(class<<4))
	segment(file, 0xda, []byte{1, component, 0, first, last, 0})
	bits := bitWriter{file: file}
	blocks(func(symbol byte, extra uint32, n int) {
		bits.write(uint32(codes.code[symbol]), int(codes.length[symbol]))
		bits.write(extra, n)
	})
	bits.flush()
}
