package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// glyphs distinguish causes without colours. With colours, two of them alternate,
// for people who cannot distinguish all colours.
var glyphs = []string{"█", "▓", "▒", "░"}

// glyph returns the glyph of the part at an index.
func (s *screen) glyph(i int) string {
	if s.paint(Shade, glyphs[0]) != glyphs[0] {
		return glyphs[i%2]
	}
	return glyphs[i%len(glyphs)]
}

// slice is one cause of a bar.
type slice struct {
	cause Cause
	bytes int64
	cells int
	index int // of the cause, which determines the colour
}

// slices divides a bar of width cells among the causes; each gets at least one.
func (s Sizes) slices(width int) []slice {
	var list []slice
	for i, cause := range AllCauses {
		if n := s.Causes[cause]; n > 0 {
			list = append(list, slice{cause, n, 1, i})
		}
	}
	left := width - len(list)
	if left <= 0 || s.Total <= 0 {
		return list
	}
	type remainder struct {
		at    int
		share float64
	}
	var rest []remainder
	given := 0
	for i := range list {
		share := float64(list[i].bytes) / float64(s.Total) * float64(left)
		list[i].cells += int(share)
		given += int(share)
		rest = append(rest, remainder{i, share - float64(int(share))})
	}
	slices.SortStableFunc(rest, func(a, b remainder) int { return cmp.Compare(b.share, a.share) })
	for _, r := range rest[:min(len(rest), max(0, left-given))] {
		list[r.at].cells++
	}
	return list
}

// sizes writes the bar and its table.
func (s *screen) sizes(sizes Sizes) {
	list := sizes.slices(s.width - 4)
	if len(list) == 0 {
		return
	}
	s.b.WriteString("\n" + s.paint(Heading, "Size by cause") + "\n  ")
	for i, part := range list {
		s.b.WriteString(s.paint(Shade+Style(part.index), strings.Repeat(s.glyph(i), part.cells)))
	}
	s.b.WriteString("\n")
	for i, part := range list {
		sign := s.paint(Shade+Style(part.index), s.glyph(i))
		s.b.WriteString(fmt.Sprintf("  %s %-28s %9s %5.1f %%\n", sign, part.cause, bytes(part.bytes),
			100*float64(part.bytes)/float64(sizes.Total)))
	}
	s.b.WriteString(fmt.Sprintf("    %-28s %9s\n\n", "all layers", bytes(sizes.Total)))
}
