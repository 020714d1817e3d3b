package photo

import (
	"encoding/binary"
	"io"
)

// Upright is the orientation of a picture that is stored as it is looked at.
const Upright = 1

// Tags of a TIFF directory: TIFF 6.0, section 8.
const (
	tagSubfile     = 254
	tagWidth       = 256
	tagHeight      = 257
	tagOrientation = 274
)

const (
	typeShort = 3
	typeLong  = 4
)

// Orientation is EXIF's, from 1 to 8: how a camera was held. What has none, or
// is damaged, is upright: a photo must not fail over its metadata.
func Orientation(r io.ReaderAt, size int64) int {
	f := file{r, size}
	head, err := f.bytes(0, 4)
	switch {
	case err != nil:
		return Upright
	case string(head[:2]) == "II" || string(head[:2]) == "MM":
		return directoryOrientation(f, 0)
	case head[0] != 0xff || head[1] != markerSOI:
		return Upright
	}
	orientation := Upright
	// An error only ends the search.
	_, _ = segments(f, func(s segment) (bool, error) {
		if s.marker != markerAPP1 {
			return true, nil
		}
		mark, err := f.bytes(s.offset, 6)
		if err != nil || string(mark) != "Exif\x00\x00" {
			return true, nil
		}
		orientation = directoryOrientation(f, s.offset+6)
		return false, nil
	})
	return orientation
}

func directoryOrientation(f file, base int64) int {
	orientation := Upright
	err := directory(f, base, func(tag uint16, value uint32) {
		if tag == tagOrientation && value >= 1 && value <= 8 {
			orientation = int(value)
		}
	})
	if err != nil {
		return Upright
	}
	return orientation
}

// directory calls visit for the numbers in the first directory of a TIFF
// block, which lies at base: a TIFF file is one, an EXIF segment contains one.
func directory(f file, base int64, visit func(tag uint16, value uint32)) error {
	head, err := f.bytes(base, 8)
	if err != nil {
		return err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	if order.Uint16(head[2:]) != 42 {
		return errDamaged
	}
	offset := base + int64(order.Uint32(head[4:]))
	count, err := f.bytes(offset, 2)
	if err != nil {
		return err
	}
	const entrySize = 12 // tag, type, count, value
	entries, err := f.bytes(offset+2, int(order.Uint16(count))*entrySize)
	if err != nil {
		return err
	}
	for ; len(entries) > 0; entries = entries[entrySize:] {
		switch order.Uint16(entries[2:]) {
		case typeShort:
			visit(order.Uint16(entries), uint32(order.Uint16(entries[8:])))
		case typeLong:
			visit(order.Uint16(entries), order.Uint32(entries[8:]))
		}
	}
	return nil
}
