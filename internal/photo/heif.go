package photo

import (
	"encoding/binary"
	"errors"
)

// errHEIC is for programs that were built without a decoder (see heic.go).
var errHEIC = errors.New("HEIC is not supported; export it as JPEG " +
	"(iPhone: Settings > Camera > Formats > Most Compatible)")

// inspectHEIC reads the boxes of an ISO base media file (ISO/IEC 14496-12 and
// 23008-12). A photo's size is the largest that they name: tiles, thumbnails
// and depth maps are smaller.
func inspectHEIC(f file) (Info, error) {
	if decodeHEIC == nil {
		return Info{}, errHEIC
	}
	info := Info{Format: HEIC, Convert: true}
	err := f.boxes(0, f.size, func(b box) error { return info.enlarge(f, b) })
	if err == nil && info.Width == 0 {
		err = errDamaged
	}
	return info, err
}

// enlarge takes a size from a box, or looks into it.
func (i *Info) enlarge(f file, b box) error {
	inner := func(b box) error { return i.enlarge(f, b) }
	switch b.kind {
	case "meta":
		return f.boxes(b.begin+4, b.end, inner) // behind version and flags
	case "iprp", "ipco":
		return f.boxes(b.begin, b.end, inner)
	case "ispe":
		size, err := f.bytes(b.begin+4, 8)
		if err != nil {
			return err
		}
		w, h := int(binary.BigEndian.Uint32(size)), int(binary.BigEndian.Uint32(size[4:]))
		if int64(w)*int64(h) > int64(i.Width)*int64(i.Height) {
			i.Width, i.Height = w, h
		}
	}
	return nil
}

// box is a part of such a file, without its header.
type box struct {
	kind       string
	begin, end int64
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
