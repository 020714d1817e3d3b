package doctor

import (
	"strings"
	"unicode/utf8"
)

// Style is what a piece of the text is; a painter gives it a colour.
type Style int

// The levels' styles are those of their marks.
const (
	Heading Style = iota
	Quiet         // evidence
	Fix           // the word that begins a remedy
	IsGreen
	IsAmber
	IsRed
	IsUnknown
)

// marks tell the levels apart without colour too.
var marks = map[Level]struct {
	mark  string
	style Style
}{
	Green:   {"✓", IsGreen},
	Amber:   {"!", IsAmber},
	Red:     {"✗", IsRed},
	Unknown: {"?", IsUnknown},
}

// indent is where a finding's text begins: after its mark and name.
const indent = 14

// Text is the report for people, in lines of at most width characters. Paint
// gives a piece of text its style.
func (r Report) Text(width int, paint func(Style, string) string) string {
	var b strings.Builder
	section := ""
	for _, f := range r.Findings {
		if f.Section != section {
			section = f.Section
			b.WriteString(paint(Heading, section) + "\n")
		}
		f.write(&b, width, paint)
	}
	return b.String()
}

func (f Finding) write(b *strings.Builder, width int, paint func(Style, string) string) {
	mark := marks[f.Level]
	name := f.Name + strings.Repeat(" ", max(1, indent-4-utf8.RuneCountInString(f.Name)))
	words := styled(nil, plainText, f.Title)
	if f.Evidence != "" {
		words = styled(words, Quiet, "("+f.Evidence+")")
	}
	b.WriteString("  " + paint(mark.style, mark.mark) + " " + name)
	wrap(b, words, width, paint)
	if f.Remedy != "" {
		b.WriteString(strings.Repeat(" ", indent))
		wrap(b, styled(styled(nil, Fix, "fix:"), plainText, f.Remedy), width, paint)
	}
}

// plainText is painted by no style.
const plainText Style = -1

type word struct {
	text  string
	style Style
}

func styled(words []word, style Style, text string) []word {
	for _, w := range strings.Fields(text) {
		words = append(words, word{w, style})
	}
	return words
}

// wrap writes words from the indent on, and breaks lines before the width. A
// word that is longer than a line, such as an address, stays whole.
func wrap(b *strings.Builder, words []word, width int, paint func(Style, string) string) {
	column := indent
	for i, w := range words {
		length := utf8.RuneCountInString(w.text)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		if w.style == plainText {
			b.WriteString(w.text)
		} else {
			b.WriteString(paint(w.style, w.text))
		}
		column += length
	}
	b.WriteString("\n")
}
