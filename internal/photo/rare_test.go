package photo

import (
	"bytes"
	"strings"
	"testing"
)

// Unsupported formats are named, and nothing else is mistaken for one.
func TestRareKinds(t *testing.T) {
	t.Parallel()
	tga := func(kind, depth byte) string {
		head := "\x00\x00" + string(kind) + strings.Repeat("\x00", 9)
		return head + "\x18\x00\x10\x00" + string([]byte{depth, 0x20}) + "pixels"
	}
	const netpbm, icon, drawing, targa = "Netpbm (PBM, PGM or PPM) is", "ICO is", "SVG is", "TGA is"
	const none = "not an image file"
	for content, want := range map[string]string{
		"P6\n24 16\n255\n......":                     netpbm,
		"P3 # by hand\n1 1 255 0 0 0":                netpbm,
		"P5\n# a comment\n24 16 255\n":               netpbm,
		"P7\nWIDTH 24\nHEIGHT 16\n":                  netpbm,
		"P1 is the first of the pages":               none,
		"P6":                                         none,
		"P60 12":                                     none,
		"\x00\x00\x01\x00\x02\x00\x20\x20\x00\x00":   icon,
		"<svg xmlns='http://www.w3.org/2000/svg'/>":  drawing,
		"\ufeff<?xml version=\"1.0\"?>\n<svg\n/>":    drawing,
		"<?xml version='1.0'?><!-- by\nme --><svg >": drawing,
		"<?xml version='1.0'?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x.dtd\"><svg>": drawing,
		"<?xml version='1.0'?><html><svg></svg></html>":                                         none,
		"<svg/>":        drawing,
		"<svgx>":        none,
		tga(2, 24):      targa,
		tga(10, 32):     targa,
		tga(3, 8):       targa,
		tga(2, 17):      none,
		tga(4, 24):      none,
		tga(2, 24)[:17]: none,
		"any pixels, then the footer TRUEVISION-XFILE.\x00": targa,
	} {
		_, err := inspect([]byte(content))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
		// In a directory, only unambiguous formats count as images.
		if is := IsPicture(bytes.NewReader([]byte(content))); is != (want != none && want != targa) {
			t.Errorf("%q counts as an image: %t", content, is)
		}
	}
}
