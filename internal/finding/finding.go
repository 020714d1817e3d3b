// Package finding contains what `facecraft lint` and `facecraft verify` share:
// findings, the checks behind them, a project's ignores, and machine-readable
// reports. It depends on neither sources nor images.
package finding

import (
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// Severity is how much a failed check matters.
type Severity string

// The severities. Errors and warnings decide the exit code; notes do not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Status is how a check ended.
type Status string

// The statuses. Unknown never counts as passed: the statement says what is
// unknown and why. A check that does not apply states the reason.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Unknown       Status = "unknown"
	NotApplicable Status = "n/a"
)

// Location is a place in a source file. Lines and columns count from 1, columns
// in characters; 0 means unknown.
type Location struct {
	File   string `json:"file"` // relative to the target, with slashes
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	End    int    `json:"end,omitempty"` // the column after the last character, on the same line
}

// Finding is one result of one check.
type Finding struct {
	ID         string       `json:"id"`
	Aliases    []string     `json:"aliases,omitempty"`
	Seed       string       `json:"seed"` // the row in the list of pitfalls
	Group      string       `json:"group"`
	Severity   Severity     `json:"severity"`
	Status     Status       `json:"status"`
	Statement  string       `json:"statement"`
	Evidence   []string     `json:"evidence"`
	Remedy     string       `json:"remedy,omitempty"`
	Cost       string       `json:"cost,omitempty"` // of the remedy: LOW, MEDIUM, HIGH
	SavesBytes int64        `json:"saves_bytes,omitempty"`
	Depth      string       `json:"depth,omitempty"` // of verify: config, files, layers or run
	Path       string       `json:"path,omitempty"`  // in the image, for verify
	Location   *Location    `json:"location,omitempty"`
	Suppressed *Suppression `json:"suppressed,omitempty"`
	Fixable    bool         `json:"fixable,omitempty"` // by lint --fix

	// Key identifies the finding when lines move or numbers in the statement
	// change. If it is empty, the statement is used instead.
	Key string `json:"-"`
}

// Suppression explains why a finding does not count.
type Suppression struct {
	Reason string `json:"reason"`
	Until  string `json:"until"` // the last day, YYYY-MM-DD
	Origin string `json:"origin"`
	Inline bool   `json:"-"` // a comment in the source, not the ignore file
}

// Counts reports whether the finding is a pitfall that decides the exit code.
func (f Finding) Counts() bool {
	return f.Status == Fail && f.Suppressed == nil && f.Severity != Note
}

// Report contains all findings in one target.
type Report struct {
	Target   string    `json:"target"`
	Findings []Finding `json:"findings"`
}

// Err returns nil, or the fault with exit code 7 if a pitfall was found. If
// strict, unknown results count as pitfalls.
func (r Report) Err(strict bool) error {
	count := map[string]int{}
	for _, f := range r.Findings {
		switch {
		case f.Counts():
			count[string(f.Severity)]++
		case f.Status == Unknown && f.Suppressed == nil && strict:
			count["unknown"]++
		}
	}
	var parts []string
	for _, what := range []string{"error", "warning", "unknown"} {
		switch n := count[what]; {
		case n == 1 || n > 1 && what == "unknown":
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, what))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return fault.New(fault.Pitfall, "", "%s found in %s", strings.Join(parts, ", "), r.Target)
}
