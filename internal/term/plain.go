package term

import (
	"strconv"
	"strings"
	"unicode"
)

// Plain takes from a text what would command a terminal instead of being
// read. Line ends stay.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !harmless(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Name is a file's name for people: one that could be taken for something
// else, or break a line, is quoted.
func Name(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !harmless(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(name)
	}
	return name
}

// harmless leaves out control characters, and those that turn the direction
// of a text; the joiner belongs to emojis.
func harmless(r rune) bool { return unicode.IsGraphic(r) || r == '\u200d' }
