package photo

import "encoding/binary"

// maxChunks limits how many chunks of a malicious file are read. Encoders
// write chunks of at least 8 kB.
const maxChunks = 1 << 17

// chunk is one part of a PNG or a WebP.
type chunk struct {
	kind   string // four letters
	offset int64  // of its content
	length int64
}

// pngChunks calls visit for each chunk up to the final IEND, which must be
// present: https://www.w3.org/TR/png-3/#5Chunk-layout
func pngChunks(f file, visit func(chunk) (more bool, err error)) error {
	const signature, checksum = 8, 4
	offset := int64(signature)
	for range maxChunks {
		head, err := f.bytes(offset, 8)
		if err != nil {
			return err
		}
		c := chunk{string(head[4:]), offset + 8, int64(binary.BigEndian.Uint32(head))}
		if c.kind == "IEND" {
			return nil
		}
		if more, err := visit(c); err != nil || !more {
			return err
		}
		offset = c.offset + c.length + checksum
	}
	return errDamaged
}

// webpChunks calls visit for each chunk until the end of the file, or until
// visit returns false: RFC 9649, section 2.3.
func webpChunks(f file, visit func(chunk) (more bool)) {
	const header = 12
	offset := int64(header)
	for range maxChunks {
		head, err := f.bytes(offset, 8)
		if err != nil {
			return
		}
		c := chunk{string(head[:4]), offset + 8, int64(binary.LittleEndian.Uint32(head[4:]))}
		if !visit(c) {
			return
		}
		offset = c.offset + c.length + c.length%2 // padded to an even length
	}
}
