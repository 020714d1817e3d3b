package photo

import "regexp"

// Formats that take more than a few bytes to recognise. They are not
// supported, but the error must name the right one.
var (
	// netpbm matches https://netpbm.sourceforge.net/doc/pnm.html: P and a digit,
	// white space, and a size or a comment. PAM (P7) has words instead.
	netpbm = regexp.MustCompile(`^(?s:P[1-6]\s+(#|\d+\s)|P7\n(#|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE))`)
	// svg matches the root element, after anything XML allows before it.
	svg = regexp.MustCompile(`^(?s:\x{FEFF}?\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg.*?>\s*)*<svg[\s>/])`)
)

// isTGA checks for the footer of a version 2 TGA and for a plausible header of
// an older one: Truevision TGA File Format Specification, version 2.0.
func isTGA(f file) bool {
	const mark = "TRUEVISION-XFILE.\x00"
	if end, err := f.bytes(f.size-int64(len(mark)), len(mark)); err == nil && string(end) == mark {
		return true
	}
	head, err := f.bytes(0, 18)
	if err != nil {
		return false
	}
	colourMap, kind, depth := head[1], head[2], head[16]
	sized := head[12]|head[13] != 0 && head[14]|head[15] != 0
	switch kind {
	case 1, 9: // indexed
		return colourMap == 1 && depth == 8 && sized
	case 2, 10: // true colour
		return colourMap == 0 && (depth == 16 || depth == 24 || depth == 32) && sized && head[17]&0xc0 == 0
	case 3, 11: // grey
		return colourMap == 0 && depth == 8 && sized && head[17]&0xc0 == 0
	}
	return false
}
