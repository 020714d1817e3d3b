package lint

import (
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/screen"
)

// Screen returns the report for people.
func (r *Result) Screen(width int, paint screen.Paint) string {
	return screen.Render(r.Findings, r.line, width, paint)
}

// line returns a line of a source file.
func (r *Result) line(file string, line int) (string, bool) {
	f := r.sources[file]
	if f == nil || line < 1 || line > f.Lines() {
		return "", false
	}
	return f.Line(line), true
}

// Summary says what was checked and how many findings can be fixed.
func (r *Result) Summary() string {
	ignored := 0
	for _, f := range r.Findings {
		if f.Suppressed != nil {
			ignored++
		}
	}
	text := fmt.Sprintf("%d files were read", r.targets)
	if r.targets == 1 {
		text = "1 file was read"
	}
	if ignored > 0 {
		text += fmt.Sprintf(", %d ignored", ignored)
	}
	if len(r.Fixes) > 0 {
		text += fmt.Sprintf(", %d can be fixed with facecraft lint --fix", len(r.Fixes))
	}
	return text
}

// Meant returns the checks that a person names: by ID, alias, or the common start
// of several IDs, such as fetch for fetch-http.
func Meant(checks []finding.Check, name string) []finding.Check {
	list := finding.Named(checks, name)
	for _, c := range checks {
		if strings.HasPrefix(c.ID, name+"-") {
			list = append(list, c)
		}
	}
	return list
}
