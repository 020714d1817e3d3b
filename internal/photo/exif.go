package photo

import "io"

// Upright is the EXIF orientation of an image that needs no rotation.
const Upright = 1

// Orientation returns the EXIF orientation, from 1 to 8: how the camera was held.
// Missing or damaged metadata counts as Upright: a photo must not fail because of
// its metadata. HEIC also counts as Upright, because its decoder rotates it.
func Orientation(r io.ReaderAt, size int64) int {
	f := file{r, size}
	if isAVIF(f) {
		return avifOrientation(f)
	}
	if base, ok := exifBlock(f); ok {
		return directoryOrientation(f, base)
	}
	return Upright
}

// exifBlock finds the TIFF block that holds an image's metadata. Errors only stop
// the search.
func exifBlock(f file) (base int64, ok bool) {
	head, err := f.bytes(0, 12)
	if err != nil {
		return 0, false
	}
	found := func(offset int64) { base, ok = offset, true }
	switch {
	case string(head[:2]) == "II" || string(head[:2]) == "MM":
		found(0)
	case head[0] == 0xff && head[1] == markerSOI:
		_, _ = segments(f, func(s segment) (bool, error) {
			if s.marker == markerAPP1 && f.startsWith(exifMark, s.offset) {
				found(s.offset + int64(len(exifMark)))
			}
			return !ok, nil
		})
	case string(head[:8]) == "\x89PNG\r\n\x1a\n":
		_ = pngChunks(f, func(c chunk) (bool, error) {
			if c.kind == "eXIf" {
				found(f.skip(exifMark, c.offset))
			}
			return !ok, nil
		})
	case string(head[:4]) == "RIFF" && string(head[8:]) == "WEBP":
		webpChunks(f, func(c chunk) bool {
			if c.kind == "EXIF" {
				found(f.skip(exifMark, c.offset))
			}
			return !ok
		})
	}
	return base, ok
}

// exifMark precedes the block in a JPEG, and in a chunk if the encoder copied
// the mark along with the block.
const exifMark = "Exif\x00\x00"

func (f file) startsWith(mark string, offset int64) bool {
	data, err := f.bytes(offset, len(mark))
	return err == nil && string(data) == mark
}

// skip returns the offset after mark if the mark is at offset, and offset
// otherwise.
func (f file) skip(mark string, offset int64) int64 {
	if f.startsWith(mark, offset) {
		return offset + int64(len(mark))
	}
	return offset
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
