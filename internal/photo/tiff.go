package photo

import "encoding/binary"

// Tags in a TIFF directory: TIFF 6.0, section 8.
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

// directory calls visit for each number in the first directory of the TIFF
// block at base. A TIFF file is such a block, an EXIF segment contains one.
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

// inspectTIFF reads the first directory. Most raw formats are TIFFs that begin
// with a small preview.
func inspectTIFF(f file) (Info, error) {
	if mark, err := f.bytes(8, 2); err == nil && string(mark) == "CR" { // Canon raw
		return Info{}, errRaw
	}
	info := Info{Format: TIFF, Convert: true}
	preview := false
	err := directory(f, 0, func(tag uint16, value uint32) {
		switch tag {
		case tagSubfile:
			preview = value&1 != 0
		case tagWidth:
			info.Width = int(value)
		case tagHeight:
			info.Height = int(value)
		}
	})
	if err == nil && preview {
		err = errRaw
	}
	return info, err
}
