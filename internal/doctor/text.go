package doctor

import (
	"strings"
	"unicode/utf8"
)

// Style is the role of a piece of text; a painter gives it a colour.
type Style int

// Each level has a style for its mark.
const (
	Heading Style = iota
	Quiet         // evidence
	Fix           // the word before a remedy
	IsGreen
	IsAmber
	IsRed
	IsUnknown
)

// marks distinguish the levels even without colour.
var marks = map[Level]struct {
	mark  string
	style Style
}{
	Green:   {"✓", IsGreen},
	Amber:   {"!", IsAmber},
	Red:     {"✗", IsRed},
	Unknown: {"?", IsUnknown},
}

// indent is where a finding's text begins, after its mark and name.
const indent = 14

// Text is the report for people, in lines of at most width characters. paint
// applies a style to a piece of text.
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

// plainText has no style.
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

// wrap writes indented words and breaks lines at the width. A word longer than
// a line, such as a URL, is not broken.
func wrap(b *strings.Builder, words []word, width int, paint func(Style, string) string) {
	var line []word
	column := indent
	for _, w := range words {
		length := utf8.RuneCountInString(w.text)
		if len(line) > 0 && column+1+length > width {
			writeLine(b, line, paint)
			b.WriteString(strings.Repeat(" ", indent))
			line, column = nil, indent
		}
		if len(line) > 0 {
			column++
		}
		line, column = append(line, w), column+length
	}
	writeLine(b, line, paint)
}

// writeLine paints adjacent words of the same style together.
func writeLine(b *strings.Builder, line []word, paint func(Style, string) string) {
	for i := 0; i < len(line); {
		style, text := line[i].style, line[i].text
		for i++; i < len(line) && line[i].style == style; i++ {
			text += " " + line[i].text
		}
		if style != plainText {
			text = paint(style, text)
		}
		b.WriteString(text)
		if i < len(line) {
			b.WriteString(" ")
		}
	}
	b.WriteString("\n")
}
