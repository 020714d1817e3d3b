package photo

import (
	"encoding/binary"
	"image/gif"
	"slices"
)

func inspectPNG(f file) (Info, error) {
	info := Info{Format: PNG}
	data := false
	err := pngChunks(f, func(c chunk) (bool, error) {
		switch c.kind {
		case "IHDR":
			size, err := f.bytes(c.offset, 8)
			if err != nil {
				return false, err
			}
			info.Width, info.Height = int(binary.BigEndian.Uint32(size)), int(binary.BigEndian.Uint32(size[4:]))
		case "IDAT":
			data = true
		}
		return true, nil
	})
	switch {
	case err != nil:
		return Info{}, err
	case info.Width == 0 || !data:
		return Info{}, errDamaged
	}
	return info, nil
}

// bmpHeaders lists the header sizes of all BMP versions. Checking for "BM"
// alone is not enough: ordinary text may begin with it, too.
var bmpHeaders = []uint32{12, 40, 52, 56, 64, 108, 124}

func inspectBMP(f file) (Info, error) {
	head, err := f.bytes(0, 26)
	if err != nil {
		return Info{}, errNotImage
	}
	little := binary.LittleEndian
	pixels, header := int64(little.Uint32(head[10:])), little.Uint32(head[14:])
	if !slices.Contains(bmpHeaders, header) {
		return Info{}, errNotImage
	}
	if header == 12 {
		return Info{Format: BMP, Width: int(little.Uint16(head[18:])), Height: int(little.Uint16(head[20:]))}, nil
	}
	width, height := int64(int32(little.Uint32(head[18:]))), int64(int32(little.Uint32(head[22:])))
	if height < 0 { // rows are stored top to bottom
		height = -height
	}
	more, err := f.bytes(26, 8) // planes, depth, compression
	if err != nil {
		return Info{}, err
	}
	depth, compression := int64(little.Uint16(more[2:])), little.Uint32(more[4:])
	packed := compression == 0 || compression == 3
	if width > 0 && depth <= 64 && packed && pixels+(width*depth+31)/32*4*height > f.size {
		return Info{}, errCutOff
	}
	return Info{Format: BMP, Width: int(width), Height: int(height)}, nil
}

// inspectWebP reads the first chunk: RFC 9649, section 2.
func inspectWebP(f file) (Info, error) {
	head, err := f.bytes(0, 30)
	if err != nil {
		return Info{}, err
	}
	little := binary.LittleEndian
	if int64(little.Uint32(head[4:]))+8 > f.size {
		return Info{}, errCutOff
	}
	info := Info{Format: WebP}
	switch string(head[12:16]) {
	case "VP8 ":
		info.Width, info.Height = int(little.Uint16(head[26:])&0x3fff), int(little.Uint16(head[28:])&0x3fff)
	case "VP8L":
		bits := little.Uint32(head[21:])
		info.Width, info.Height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
	case "VP8X":
		if head[20]&0x02 != 0 {
			return Info{}, errAnimated
		}
		info.Width, info.Height = uint24(head[24:])+1, uint24(head[27:])+1
	default:
		return Info{}, errDamaged
	}
	return info, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func inspectGIF(f file) (Info, error) {
	config, err := gif.DecodeConfig(f.section())
	return Info{Format: GIF, Width: config.Width, Height: config.Height, Convert: true}, err
}
