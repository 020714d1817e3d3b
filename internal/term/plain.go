package term

import (
	"strconv"
	"strings"
	"unicode"
)

// Plain replaces control characters, which could control the terminal, except
// for newlines and tabs.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && !harmless(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Name returns a file name for display. A name that is empty or contains control
// characters is quoted.
func Name(name string) string {
	if name == "" ||
		strings.ContainsFunc(name, func(r rune) bool { return !harmless(r) || r == unicode.ReplacementChar }) {
		return strconv.Quote(name)
	}
	return name
}

// harmless is false for control characters and those that change the direction
// of text. The zero-width joiner is part of emojis.
func harmless(r rune) bool { return unicode.IsGraphic(r) || r == '\u200d' }
