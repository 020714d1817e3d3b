package lite

import "bytes"

// maxCodeLength is the maximum in a JPEG, in bits.
const maxCodeLength = 16

// huffman is a set of Huffman codes.
type huffman struct {
	code, length [256]uint16
	counts       [maxCodeLength + 1]byte // number of codes by length
	symbols      []byte                  // sorted by code length
}

// codesFor assigns short codes to frequent symbols (K.2). The last entry of
// counts reserves the code of all ones, which is not allowed for symbols.
func codesFor(counts [257]int) huffman {
	counts[256] = 1
	lengths := codeLengths(counts)
	var byLength [258]int
	for _, length := range lengths {
		byLength[length]++
	}
	shorten(&byLength)
	var h huffman
	for length := 1; length < len(byLength); length++ { // rare symbols have long codes
		for symbol, l := range lengths[:256] {
			if l == length {
				h.symbols = append(h.symbols, byte(symbol))
			}
		}
	}
	longest := maxCodeLength
	for byLength[longest] == 0 {
		longest--
	}
	byLength[longest]-- // the code of all ones
	code, next := uint16(0), 0
	for length := 1; length <= maxCodeLength; length++ {
		h.counts[length] = byte(byLength[length])
		for range byLength[length] {
			h.code[h.symbols[next]], h.length[h.symbols[next]] = code, uint16(length)
			code, next = code+1, next+1
		}
		code <<= 1
	}
	return h
}

// codeLengths merges the two rarest groups until one is left (figure K.1). Every
// merge makes the codes of both one bit longer.
func codeLengths(counts [257]int) (lengths [257]int) {
	groups := map[int][]int{}
	for symbol, count := range counts {
		if count > 0 {
			groups[symbol] = []int{symbol}
		}
	}
	rarest := func(except int) int {
		found := -1
		for g := len(counts) - 1; g >= 0; g-- { // the last one of equal counts
			if groups[g] != nil && g != except && (found < 0 || counts[g] < counts[found]) {
				found = g
			}
		}
		return found
	}
	for len(groups) > 1 {
		a := rarest(-1)
		b := rarest(a)
		counts[b] += counts[a]
		groups[b] = append(groups[b], groups[a]...)
		delete(groups, a)
		for _, symbol := range groups[b] {
			lengths[symbol]++
		}
	}
	return lengths
}

// shorten limits code lengths to maxCodeLength (figure K.3).
func shorten(byLength *[258]int) {
	for length := len(byLength) - 1; length > maxCodeLength; length-- {
		for byLength[length] > 0 {
			shorter := length - 2
			for byLength[shorter] == 0 {
				shorter--
			}
			byLength[length] -= 2
			byLength[length-1]++
			byLength[shorter+1] += 2
			byLength[shorter]--
		}
	}
}

// table returns the content of a DHT segment (B.2.4.2).
func (h *huffman) table(kind byte) []byte {
	return append(append([]byte{kind}, h.counts[1:]...), h.symbols...)
}

// bitWriter writes bits, most significant first, and a zero after each byte that
// would look like a marker (F.1.2.3).
type bitWriter struct {
	file    *bytes.Buffer
	pending uint64
	n       int // bits in pending
}

func (b *bitWriter) write(bits uint32, n int) {
	b.pending = b.pending<<n | uint64(bits)
	for b.n += n; b.n >= 8; b.n -= 8 {
		c := byte(b.pending >> (b.n - 8))
		b.file.WriteByte(c)
		if c == 0xff {
			b.file.WriteByte(0)
		}
	}
}

// flush pads the last byte with ones.
func (b *bitWriter) flush() { b.write(1<<7-1, 7); b.n = 0 }
