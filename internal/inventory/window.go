package inventory

import (
	"debug/elf"
	"errors"
	"io"
)

var errPassed = errors.New("these bytes have passed")

// window is an io.ReaderAt for the relevant parts of a streamed ELF file: its
// head, the dynamic table, and the string table if that follows.
type window struct {
	size   int64
	offset int64
	parts  []part
	state  int
}

type part struct {
	from, to int64
	data     []byte
}

// What the window has learnt so far.
const (
	knowsNothing = iota
	knowsSegments
	knowsDynamic
)

func newWindow(size int64) *window {
	return &window{size: size, parts: []part{{from: 0, to: min(size, windowHead)}}}
}

func (w *window) Write(p []byte) (int, error) {
	length := len(p)
	for len(p) > 0 {
		n := w.keep(p)
		p = p[n:]
		w.offset += int64(n)
		w.learn()
	}
	return length, nil
}

// keep consumes bytes up to the next end of a part, so that what was learnt from
// it applies to the following bytes.
func (w *window) keep(p []byte) int {
	n := int64(len(p))
	for i := range w.parts {
		part := &w.parts[i]
		if part.to > w.offset {
			n = min(n, part.to-w.offset)
		}
	}
	for i := range w.parts {
		part := &w.parts[i]
		from, to := max(part.from, w.offset), min(part.to, w.offset+n)
		if from < to {
			part.data = append(part.data, p[from-w.offset:to-w.offset]...)
		}
	}
	return int(n)
}

// learn adds the parts that complete parts refer to.
func (w *window) learn() {
	switch last := w.parts[len(w.parts)-1]; {
	case w.offset < last.to:
	case w.state == knowsNothing:
		w.state = knowsSegments
		segments, _, err := segmentsOf(w)
		for _, s := range segments {
			if err == nil && elf.ProgType(s.Type) == elf.PT_DYNAMIC && s.Filesz <= maxDynamic {
				w.await(int64(s.Off), int64(s.Filesz))
			}
		}
	case w.state == knowsSegments:
		w.state = knowsDynamic
		segments, order, _ := segmentsOf(w)
		entries, _ := dynamicOf(w, segments, order)
		var at, size int64
		for _, d := range entries {
			switch elf.DynTag(d.Tag) {
			case elf.DT_STRTAB:
				at = int64(offsetOf(segments, d.Val))
			case elf.DT_STRSZ:
				size = int64(d.Val)
			}
		}
		if size > 0 && size <= maxStrings {
			w.await(at, size)
		}
	}
}

func (w *window) await(from, size int64) {
	if from >= w.offset && size > 0 && from+size <= w.size {
		w.parts = append(w.parts, part{from: from, to: from + size})
	}
}

// ReadAt reads from a single part, as far as it was seen.
func (w *window) ReadAt(p []byte, offset int64) (int, error) {
	for _, part := range w.parts {
		if offset >= part.from && offset < part.from+int64(len(part.data)) {
			n := copy(p, part.data[offset-part.from:])
			if n < len(p) {
				return n, io.EOF
			}
			return n, nil
		}
	}
	return 0, errPassed
}
