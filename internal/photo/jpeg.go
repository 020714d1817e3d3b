package photo

import (
	"bytes"
	"encoding/binary"
)

// Markers of a JPEG: ITU-T T.81, table B.1.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0 // baseline
	markerSOF2 = 0xc2 // progressive; SOF1 is 0xc1
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda // image data follows
	markerAPP1 = 0xe1
)

// maxSegments limits how many segments of a malicious file are read. Several
// megabytes of profile and metadata take a few hundred.
const maxSegments = 4096

// segment is one marker segment of a JPEG.
type segment struct {
	marker byte
	offset int64 // of its content
	length int64
}

// segments calls visit for each segment up to the image data and returns the
// data's offset. It stops early when visit returns false.
func segments(f file, visit func(segment) (bool, error)) (data int64, err error) {
	offset := int64(2) // after SOI
	for range maxSegments {
		head, err := f.bytes(offset, 4)
		if err != nil {
			return 0, err
		}
		marker := head[1]
		switch {
		case head[0] != 0xff:
			return 0, errDamaged
		case marker == 0xff: // a fill byte
			offset++
			continue
		case marker == markerTEM || marker >= markerRST0 && marker <= markerSOI:
			offset += 2
			continue
		case marker == markerEOI:
			return 0, errDamaged
		}
		s := segment{marker, offset + 4, int64(binary.BigEndian.Uint16(head[2:])) - 2}
		if s.length < 0 {
			return 0, errDamaged
		}
		if more, err := visit(s); err != nil || !more {
			return 0, err
		}
		offset = s.offset + s.length
		if marker == markerSOS {
			return offset, nil
		}
	}
	return 0, errDamaged
}

func inspectJPEG(f file) (Info, error) {
	info := Info{Format: JPEG}
	data, err := segments(f, func(s segment) (bool, error) {
		if !isFrame(s.marker) {
			return true, nil
		}
		frame, err := f.bytes(s.offset, 6) // precision, height, width, components
		if err != nil {
			return false, err
		}
		if s.marker > markerSOF2 || frame[0] != 8 {
			return false, errRareJPEG
		}
		info.Height = int(binary.BigEndian.Uint16(frame[1:]))
		info.Width = int(binary.BigEndian.Uint16(frame[3:]))
		// OpenCV treats every CMYK image as inverted, which is how Adobe writes
		// them: modules/imgcodecs/src/utils.cpp, icvCvt_CMYK2BGR_8u_C4C3R.
		info.Convert = frame[5] == 4
		return true, nil
	})
	switch {
	case err != nil:
		return Info{}, err
	case info.Width == 0:
		return Info{}, errDamaged
	case !f.contains([]byte{0xff, markerEOI}, data):
		// The servers would fill the missing part with grey and carry on.
		return Info{}, errCutOff
	}
	return info, nil
}

func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker < markerRST0 &&
		marker != markerDHT && marker != markerJPG && marker != markerDAC
}

// contains reports whether a pair of bytes occurs at or after an offset. It
// searches backwards: even if a camera appended its own data, the end marker
// is near the end.
func (f file) contains(pair []byte, from int64) bool {
	const step = 32 << 10
	for end := f.size; end > from; {
		begin := max(from, end-step)
		chunk, err := f.bytes(begin, int(end-begin))
		if err != nil {
			return false
		}
		if bytes.Contains(chunk, pair) {
			return true
		}
		if begin == from {
			return false
		}
		end = begin + 1 // the pair may span two chunks
	}
	return false
}
