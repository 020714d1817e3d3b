// Package screen shows the findings of lint in a terminal: failures with the
// source line, and the description of a check.
package screen

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/secret"
	"github.com/djok/facecraft/internal/term"
)

// Style is the role of a piece of text; Paint decides how it looks.
type Style int

// The styles of the report.
const (
	Heading Style = iota
	Quiet
	Emphasis
	IsError
	IsWarning
	IsNote
	IsUnknown
)

// Paint formats a piece of text.
type Paint func(Style, string) string

// marks distinguish the severities, even without colour.
var marks = map[finding.Severity]struct {
	sign  string
	style Style
}{
	finding.Error: {"✗", IsError}, finding.Warning: {"!", IsWarning}, finding.Note: {"·", IsNote},
}

// Sources returns a line of a source file, or false if it is not known.
type Sources func(file string, line int) (string, bool)

// screen writes lines of at most width characters.
type screen struct {
	strings.Builder
	width   int
	paint   Paint
	sources Sources
}

// Render returns the report for people: what fails, below its file, with the line
// and a caret; then the unknown results.
func Render(findings []finding.Finding, sources Sources, width int, paint Paint) string {
	s := &screen{width: width, paint: paint, sources: sources}
	file := ""
	for _, f := range findings {
		if f.Status != finding.Fail || f.Suppressed != nil {
			continue
		}
		if f.Location.File != file {
			if file != "" {
				s.WriteString("\n")
			}
			file = f.Location.File
			s.WriteString(paint(Heading, term.Plain(file)) + "\n")
		}
		s.finding(f)
	}
	s.unknown(findings)
	return s.String()
}

// indent is the column in which the details of a finding begin.
const indent = 4

func (s *screen) finding(f finding.Finding) {
	m := marks[f.Severity]
	place := ""
	if f.Location.Line > 0 {
		place = fmt.Sprint(f.Location.Line)
		if f.Location.Column > 0 {
			place += fmt.Sprint(":", f.Location.Column)
		}
		place += "  "
	}
	head := "  " + m.sign + " " + place + f.ID + "  "
	s.WriteString("  " + s.paint(m.style, m.sign) + " " + place + s.paint(Emphasis, f.ID) + "  ")
	s.text(utf8.RuneCountInString(head), indent, -1, f.Statement)
	s.source(f)
	for _, evidence := range f.Evidence {
		s.WriteString(strings.Repeat(" ", indent))
		s.text(indent, indent+2, Quiet, evidence)
	}
	if f.Remedy != "" {
		remedy := f.Remedy
		if f.Fixable {
			remedy += " (--fix can)"
		}
		s.WriteString(strings.Repeat(" ", indent))
		s.text(indent, indent+5, -1, "fix: "+remedy)
	}
}

// text writes words from a column on, and breaks lines before the width.
func (s *screen) text(column, margin int, style Style, text string) {
	write := func(word string) {
		if style >= 0 {
			word = s.paint(style, word)
		}
		s.WriteString(word)
	}
	for n, word := range strings.Fields(term.Plain(secret.Mask(text))) {
		length := utf8.RuneCountInString(word)
		switch {
		case n > 0 && column+1+length > s.width:
			s.WriteString("\n" + strings.Repeat(" ", margin))
			column = margin
		case n > 0:
			s.WriteString(" ")
			column++
		}
		write(word)
		column += length
	}
	s.WriteString("\n")
}

// source shows the line with a caret, unless it has a secret.
func (s *screen) source(f finding.Finding) {
	text, ok := s.sources(f.Location.File, f.Location.Line)
	if !ok || f.ID == "secret" || f.ID == "workflow-password" || strings.TrimSpace(text) == "" ||
		secret.Mask(text) != text {
		return
	}
	line := []rune(term.Plain(strings.ReplaceAll(text, "\t", " ")))
	from, to := max(f.Location.Column-1, 0), f.Location.End-1
	if f.Location.Column == 0 {
		from = len(line) - len([]rune(strings.TrimLeft(string(line), " ")))
	}
	if to <= from {
		to = len(line)
	}
	from, to = min(from, len(line)), min(max(to, from+1), len(line))
	number := fmt.Sprintf("%*d", indent+2, f.Location.Line)
	room := max(s.width-len(number)-3, 20)
	if len(line) > room {
		line, from, to = crop(line, from, to, room)
	}
	s.WriteString(s.paint(Quiet, number+" |") + " " + strings.TrimRight(string(line), " ") + "\n")
	caret := strings.Repeat(" ", from) + s.paint(marks[f.Severity].style, "^"+strings.Repeat("~", max(to-from-1, 0)))
	s.WriteString(s.paint(Quiet, strings.Repeat(" ", len(number))+" |") + " " + caret + "\n")
}

// crop cuts a line down to the part with the caret.
func crop(line []rune, from, to, room int) ([]rune, int, int) {
	start := 0
	if to > room {
		start = max(min(from-room/4, len(line)-room), 0)
	}
	end := min(start+room, len(line))
	part := slices.Clone(line[start:end])
	if start > 0 {
		part[0] = '…'
	}
	if end < len(line) {
		part[len(part)-1] = '…'
	}
	return part, max(from-start, 0), min(to-start, len(part))
}

// unknown lists what could not be resolved, one line each.
func (s *screen) unknown(findings []finding.Finding) {
	first := true
	for _, f := range findings {
		if f.Status != finding.Unknown || f.Suppressed != nil {
			continue
		}
		if first {
			if s.Len() > 0 {
				s.WriteString("\n")
			}
			s.WriteString(s.paint(Heading, "Unknown") + "\n")
			first = false
		}
		head := "  ? " + f.Location.String() + "  " + f.ID + "  "
		s.WriteString("  " + s.paint(IsUnknown, "?") + head[3:])
		s.text(utf8.RuneCountInString(head), indent, Quiet, f.Statement)
	}
}
