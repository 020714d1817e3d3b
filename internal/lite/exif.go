package lite

import (
	"bytes"
	"encoding/binary"
	"io"
)

// orientation is EXIF's: how a camera was held. Values 1 to 8.
type orientation int

const upright orientation = 1

// sideways tells whether width and height change places.
func (o orientation) sideways() bool { return o >= 5 }

const (
	markerSOI  = 0xd8
	markerSOS  = 0xda // the picture's data begins: no metadata after it
	markerAPP1 = 0xe1

	tagOrientation = 0x0112
	typeShort      = 3
)

// readOrientation reads the orientation of a JPEG from its EXIF segment. What
// has none, or is no JPEG, or is damaged, is upright: a photo must not fail
// over its metadata.
func readOrientation(r io.Reader) orientation {
	var soi [2]byte
	if _, err := io.ReadFull(r, soi[:]); err != nil || soi != [2]byte{0xff, markerSOI} {
		return upright
	}
	for {
		var head [4]byte // 0xff, marker, length including itself
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff || head[1] == markerSOS {
			return upright
		}
		length := int64(binary.BigEndian.Uint16(head[2:])) - 2
		if length < 0 {
			return upright
		}
		segment := io.LimitReader(r, length)
		if head[1] == markerAPP1 {
			data, err := io.ReadAll(segment)
			if err != nil {
				return upright
			}
			if tiff, ok := bytes.CutPrefix(data, []byte("Exif\x00\x00")); ok {
				return tiffOrientation(tiff)
			}
		}
		if _, err := io.Copy(io.Discard, segment); err != nil {
			return upright
		}
	}
}

// tiffOrientation finds the orientation in the first directory of a TIFF
// block, which is what an EXIF segment contains.
func tiffOrientation(tiff []byte) orientation {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return upright
	}
	if len(tiff) < 8 {
		return upright
	}
	offset := uint64(order.Uint32(tiff[4:]))
	if offset+2 > uint64(len(tiff)) {
		return upright
	}
	count := int(order.Uint16(tiff[offset:]))
	entries := tiff[offset+2:]
	const entrySize = 12 // tag, type, count, value
	for ; count > 0 && len(entries) >= entrySize; count-- {
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if value := orientation(order.Uint16(entries[8:])); value >= 1 && value <= 8 {
				return value
			}
			return upright
		}
		entries = entries[entrySize:]
	}
	return upright
}
