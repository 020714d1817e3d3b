package sheet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
)

// quality is high enough that no artefacts show on paper.
const quality = 95

// JPEG writes a page with its resolution, which Go's encoder leaves out: without
// it, printers guess the size.
func JPEG(w io.Writer, page image.Image) error {
	var data bytes.Buffer
	if err := jpeg.Encode(&data, page, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	const start = 2 // the marker of the image's start
	jfif := []byte("\xff\xe0\x00\x10JFIF\x00\x01\x02\x01")
	jfif = binary.BigEndian.AppendUint16(jfif, dpi)
	jfif = binary.BigEndian.AppendUint16(jfif, dpi)
	jfif = append(jfif, 0, 0) // no thumbnail
	_, err := w.Write(bytes.Join([][]byte{data.Bytes()[:start], jfif, data.Bytes()[start:]}, nil))
	return err
}

// PNG writes a page with its resolution, in pixels per metre.
func PNG(w io.Writer, page image.Image) error {
	var data bytes.Buffer
	if err := png.Encode(&data, page); err != nil {
		return err
	}
	const perMetre = 11811 // 300 / 0.0254
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, perMetre)
	chunk = append(chunk, 1) // the unit is the metre
	whole := binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4))
	whole = append(whole, chunk...)
	whole = binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(chunk))
	const header = 8 + 25 // the signature and the chunk IHDR, which comes first
	_, err := w.Write(bytes.Join([][]byte{data.Bytes()[:header], whole, data.Bytes()[header:]}, nil))
	return err
}
