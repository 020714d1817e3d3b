package photo

import "encoding/binary"

// fullHeader is the length of the version and flags that some boxes begin with.
const fullHeader = 4

// box is a part of an ISO base media file, without its header.
type box struct {
	kind       string
	begin, end int64
}

// find calls found with each box at the end of a path of kinds; "" is any kind.
// The path bounds how deep it looks: boxes of a malicious file may nest
// endlessly.
func (f file) find(path []string, found func(box) error) error {
	return f.findIn(box{begin: 0, end: f.size}, path, found)
}

func (f file) findIn(parent box, path []string, found func(box) error) error {
	return f.boxes(parent.begin, parent.end, func(b box) error {
		switch {
		case path[0] != "" && path[0] != b.kind:
			return nil
		case len(path) == 1:
			return found(b)
		case b.kind == "meta":
			b.begin += fullHeader
		}
		return f.findIn(b, path[1:], found)
	})
}

// boxes calls found with each box between two offsets.
func (f file) boxes(from, to int64, found func(box) error) error {
	for from < to {
		head, err := f.bytes(from, 8)
		if err != nil {
			return err
		}
		size, header := int64(binary.BigEndian.Uint32(head)), int64(8)
		switch size {
		case 0: // to the end
			size = to - from
		case 1: // 64 bits follow
			long, err := f.bytes(from+8, 8)
			if err != nil {
				return err
			}
			size, header = int64(binary.BigEndian.Uint64(long)), 16
		}
		switch {
		case size < header:
			return errDamaged
		case size > to-from:
			return errCutOff
		}
		if err := found(box{string(head[4:]), from + header, from + size}); err != nil {
			return err
		}
		from += size
	}
	return nil
}
