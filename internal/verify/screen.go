package verify

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/term"
)

// Style is the role of a piece of text; Paint gives it a colour. Styles from
// Shade on belong to the causes.
type Style int

// The styles.
const (
	Heading Style = iota
	Quiet
	IsPass
	IsWarning
	IsError
	IsUnknown
	Shade
)

// Paint formats a text.
type Paint func(Style, string) string

// indent is the column where a statement begins: after its mark and ID.
const indent = 19

type mark struct {
	sign  string
	style Style
}

// markOf returns marks that distinguish the verdicts even without colour.
func markOf(f finding.Finding) mark {
	switch {
	case f.Suppressed != nil:
		return mark{"-", Quiet}
	case f.Status == finding.Pass:
		return mark{"✓", IsPass}
	case f.Status == finding.Unknown:
		return mark{"?", IsUnknown}
	case f.Severity == finding.Error:
		return mark{"✗", IsError}
	case f.Severity == finding.Warning:
		return mark{"!", IsWarning}
	}
	return mark{"·", Quiet}
}

// Screen returns the report for a terminal, in lines of at most width characters.
func (r Report) Screen(width int, paint Paint) string {
	s := screen{width: width, paint: paint}
	s.title(r)
	for _, group := range finding.Groups {
		s.group(group, r.Findings)
	}
	s.besides(r.Findings)
	s.sizes(r.Size)
	if r.Against != nil {
		s.against(*r.Against)
	}
	for _, note := range r.Notes {
		s.line(0, Quiet, note)
	}
	s.b.WriteString(paint(Heading, Summary(r.Findings)) + "\n")
	return s.b.String()
}

type screen struct {
	b     strings.Builder
	width int
	paint Paint
}

// line writes text from a column on, and wraps it between words.
func (s *screen) line(column int, style Style, text string) { s.hanging(column, column, style, text) }

// hanging is like line, but wrapped lines begin in another column. Indentation is
// not painted.
func (s *screen) hanging(column, below int, style Style, text string) {
	prefix := strings.Repeat(" ", column)
	lines := strings.Split(term.WrapLine(prefix+term.Plain(strings.ReplaceAll(text, "\n", " ")), s.width, below), "\n")
	for _, line := range lines {
		trimmed := strings.TrimLeft(line, " ")
		s.b.WriteString(line[:len(line)-len(trimmed)] + s.paint(style, trimmed) + "\n")
	}
}

func (s *screen) title(r Report) {
	s.b.WriteString(s.paint(Heading, term.Plain(r.Target)) + "\n")
	text := fmt.Sprintf("%s, checked to depth %s", format.Count(r.Layers, "layer", "layers"), r.Depth)
	if r.Size.Total > 0 {
		text = bytes(r.Size.Total) + " in " + text
	}
	if r.Digest != "" {
		text += ", " + r.Digest[:min(19, len(r.Digest))]
	}
	s.line(0, Quiet, text)
}

func (s *screen) group(name string, findings []finding.Finding) {
	begun := false
	for _, f := range findings {
		if f.Group != name || f.Status == finding.NotApplicable {
			continue
		}
		if !begun {
			s.b.WriteString("\n" + s.paint(Heading, name) + "\n")
			begun = true
		}
		s.finding(f)
	}
}

// plainStyle is text without a style.
const plainStyle Style = -1

func (s *screen) finding(f finding.Finding) {
	m := markOf(f)
	name := f.ID + strings.Repeat(" ", max(1, indent-4-utf8.RuneCountInString(f.ID)))
	var text screen
	text.width, text.paint = s.width, func(_ Style, t string) string { return t }
	text.line(indent, plainStyle, f.Statement)
	s.b.WriteString("  " + s.paint(m.style, m.sign) + " " + name + strings.TrimLeft(text.b.String(), " "))
	if f.Status == finding.Pass {
		return
	}
	if f.Location != nil {
		s.hanging(indent, indent+2, Quiet, f.Location.String())
	}
	for _, evidence := range f.Evidence {
		s.hanging(indent, indent+2, Quiet, evidence)
	}
	if f.Suppressed != nil {
		s.line(indent, Quiet, fmt.Sprintf("ignored until %s: %s", f.Suppressed.Until, f.Suppressed.Reason))
		return
	}
	if f.Remedy != "" {
		s.hanging(indent, indent+2, plainStyle, "fix: "+f.Remedy+price(f))
	}
}

// price returns what a remedy costs and saves.
func price(f finding.Finding) string {
	text := " (cost " + f.Cost
	if f.SavesBytes > 0 {
		text += ", saves " + bytes(f.SavesBytes)
	}
	return text + ")"
}

// besides lists the checks that do not apply.
func (s *screen) besides(findings []finding.Finding) {
	var names []string
	for _, f := range findings {
		if f.Status == finding.NotApplicable && !slices.Contains(names, f.ID) {
			names = append(names, f.ID)
		}
	}
	if len(names) > 0 {
		s.b.WriteString("\n")
		s.hanging(0, 2, Quiet, "Not applicable: "+strings.Join(names, ", "))
	}
}

// Summary counts the verdicts.
func Summary(findings []finding.Finding) string {
	counts := map[string]int{}
	for _, f := range findings {
		switch {
		case f.Suppressed != nil:
			counts["ignored"]++
		case f.Status == finding.Fail:
			counts[string(f.Severity)]++
		default:
			counts[string(f.Status)]++
		}
	}
	parts := []string{format.Count(counts["error"], "error", "errors"),
		format.Count(counts["warning"], "warning", "warnings"), format.Count(counts["note"], "note", "notes"),
		fmt.Sprintf("%d unknown", counts["unknown"]), fmt.Sprintf("%d passed", counts["pass"]),
		fmt.Sprintf("%d not applicable", counts["n/a"])}
	if n := counts["ignored"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d ignored", n))
	}
	return strings.Join(parts, ", ")
}

func (s *screen) against(c Comparison) {
	s.b.WriteString("\n" + s.paint(Heading, "Against "+term.Plain(c.Target)) + "\n")
	for _, part := range []struct {
		name string
		ids  []string
	}{{"new", c.New}, {"fixed", c.Fixed}, {"same", c.Same}} {
		names := strings.Join(part.ids, ", ")
		if names == "" {
			names = "none"
		}
		s.hanging(2, 10, plainStyle, fmt.Sprintf("%-6s  %s", part.name, names))
	}
	s.line(2, plainStyle, fmt.Sprintf("%-6s  %s", "bytes", signed(c.Bytes)))
	for _, cause := range AllCauses {
		if d := c.Causes[cause]; d != 0 {
			s.line(10, Quiet, fmt.Sprintf("%-26s %10s", cause, signed(d)))
		}
	}
}

func signed(n int64) string {
	if n < 0 {
		return "-" + bytes(-n)
	}
	return "+" + bytes(n)
}
