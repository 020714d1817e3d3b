package screen

import (
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/finding"
)

// Explain returns the description of a check. Lines have at most width
// characters, except in the examples.
func Explain(c finding.Check, width int, paint Paint) string {
	s := &screen{width: width, paint: paint}
	s.WriteString(paint(Heading, c.ID))
	if len(c.Aliases) > 0 {
		s.WriteString(" (" + strings.Join(c.Aliases, ", ") + ")")
	}
	s.WriteString("  " + string(c.Severity) + ", seen by " + strings.Join(c.SeenBy, " and ") + "\n")
	s.text(0, 0, -1, c.Title)
	s.WriteString("\n")
	s.text(0, 0, -1, c.Why)
	for _, row := range [][2]string{{"Fix", fmt.Sprintf("%s (cost %s)", c.Remedy, c.Cost)}, {"Pitfall", c.Seed},
		{"Source", c.Source}} {
		s.WriteString("\n" + paint(Heading, row[0]) + "\n  ")
		s.text(2, 2, -1, row[1])
	}
	for _, example := range [][2]string{{"Before", c.Before}, {"After", c.After}} {
		if example[1] == "" {
			continue
		}
		s.WriteString("\n" + paint(Heading, example[0]) + "\n")
		for _, line := range strings.Split(strings.TrimRight(example[1], "\n"), "\n") {
			s.WriteString(strings.TrimRight("  "+line, " ") + "\n")
		}
	}
	return s.String()
}
