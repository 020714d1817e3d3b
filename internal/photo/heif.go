package photo

import (
	"encoding/binary"
	"errors"
	"image"
	"io"
)

// decoder decodes the first picture of a file.
type decoder func(io.Reader) (image.Image, error)

// These errors are for programs built without the decoders (see heic.go).
var (
	errHEIC = errors.New("HEIC is not supported; export it as JPEG " +
		"(iPhone: Settings > Camera > Formats > Most Compatible)")
	errAVIF = errors.New("AVIF is not supported; export it as JPEG or PNG")
)

// inspectHEIF reads the boxes of a HEIF file: ISO/IEC 14496-12 and 23008-12. The
// photo's size is the largest one listed: tiles, thumbnails and depth maps are
// smaller.
func inspectHEIF(f file) (Info, error) {
	info := Info{Format: HEIC, Convert: true}
	if isAVIF(f) {
		info.Format = AVIF
	}
	switch {
	case info.Format == HEIC && decodeHEIC == nil:
		return Info{}, errHEIC
	case info.Format == AVIF && decodeAVIF == nil:
		return Info{}, errAVIF
	}
	err := f.find([]string{"meta", "iprp", "ipco", "ispe"}, func(b box) error { return info.enlarge(f, b) })
	if err == nil && info.Width == 0 {
		err = errDamaged
	}
	return info, err
}

// isAVIF reports whether a HEIF file requires an AV1 decoder. Some files have the
// generic HEIF brand first, and AVIF's among the compatible brands.
func isAVIF(f file) bool {
	head, err := f.bytes(0, 8)
	if err != nil || string(head[4:]) != "ftyp" {
		return false
	}
	const header, minor, most = 8, 4, 256
	size := min(int64(binary.BigEndian.Uint32(head)), f.size, most) - header
	brands, err := f.bytes(header, int(max(0, size)))
	if err != nil {
		return false
	}
	for at := 0; at+4 <= len(brands); at += 4 {
		brand := string(brands[at : at+4])
		if at != minor && (brand == "avif" || brand == "avis") {
			return true
		}
	}
	return false
}

// enlarge adopts the size in an ispe box, if it is larger.
func (i *Info) enlarge(f file, b box) error {
	size, err := f.bytes(b.begin+fullHeader, 8)
	if err != nil {
		return err
	}
	w, h := int(binary.BigEndian.Uint32(size)), int(binary.BigEndian.Uint32(size[4:]))
	if int64(w)*int64(h) > int64(i.Width)*int64(i.Height) {
		i.Width, i.Height = w, h
	}
	return nil
}
