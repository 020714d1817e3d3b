// Package doctor turns facts into findings: what works, what does not, the
// evidence, and how to fix it. It does no I/O.
package doctor

import (
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// Level says how well something works.
type Level string

// Amber works, but could be better; red is broken.
const (
	Green   Level = "green"
	Amber   Level = "amber"
	Red     Level = "red"
	Unknown Level = "unknown"
)

// Finding is one thing that was checked.
type Finding struct {
	Section  string `json:"section"` // Docker, Machine, GPU or Images
	Name     string `json:"name"`    // within the section
	Level    Level  `json:"level"`
	Title    string `json:"title"`            // what was found
	Evidence string `json:"evidence"`         // where that was seen, or why it could not be
	Remedy   string `json:"remedy,omitempty"` // how to fix it
}

// Verdict sums up all findings.
type Verdict string

// The verdicts and their exit codes, 0, 1 and 3.
const (
	Well       Verdict = "well"       // nothing is red
	Ailing     Verdict = "ailing"     // something is red, but a server can run
	Unrunnable Verdict = "unrunnable" // nothing can run
)

// Report is the whole output of doctor. docs/doctor.schema.json describes its
// JSON.
type Report struct {
	Version  string     `json:"version"` // of this program
	Verdict  Verdict    `json:"verdict"`
	Findings []Finding  `json:"findings"`
	Plan     *plan.Plan `json:"plan"` // what up would run, or null
	Facts    plan.Facts `json:"facts"`
}

// Examine makes the report. instance names the server that up would run;
// unreachable is why Docker could not be reached, or nil.
func Examine(version, instance string, f plan.Facts, c plan.Catalogue, unreachable error) Report {
	x := examination{facts: f, catalogue: c, instance: instance}
	answers := x.docker(unreachable)
	x.machine()
	x.gpu()
	report := Report{Version: version, Verdict: Well, Facts: f}
	if answers {
		x.images()
		report.Plan = x.choice()
	}
	for _, finding := range x.findings {
		if finding.Level == Red {
			report.Verdict = Ailing
		}
	}
	if report.Plan == nil {
		report.Verdict = Unrunnable
	}
	report.Findings = x.findings
	return report
}

// Err returns the verdict as an error, or nil if nothing is red. The remedies
// are in the report.
func (r Report) Err() error {
	var red []string
	for _, finding := range r.Findings {
		if finding.Level == Red {
			red = append(red, finding.Title)
		}
	}
	switch r.Verdict {
	case Unrunnable:
		return fault.New(fault.Unrunnable, "", "no server can run here: %s", strings.Join(red, "; "))
	case Ailing:
		return fault.New(fault.Failed, "", "something is broken: %s", strings.Join(red, "; "))
	}
	return nil
}

type examination struct {
	facts     plan.Facts
	catalogue plan.Catalogue
	instance  string
	section   string
	findings  []Finding
}

// longEvidence is the length from which repeated evidence is replaced by a
// reference.
const longEvidence = 20

// find adds a finding. It does not repeat a remedy, and refers to evidence that
// was shown above.
func (x *examination) find(name string, level Level, title, evidence, remedy string) {
	for _, earlier := range x.findings {
		if earlier.Remedy != "" && strings.HasPrefix(remedy, earlier.Remedy) {
			remedy = ""
		}
		if len(earlier.Evidence) > longEvidence && strings.Contains(evidence, earlier.Evidence) {
			evidence = "see " + earlier.Name
		}
	}
	x.findings = append(x.findings, Finding{x.section, name, level, title, evidence, remedy})
}

// unknown adds a finding that could not be determined.
func (x *examination) unknown(name, evidence, remedy string) {
	x.find(name, Unknown, "unknown", evidence, remedy)
}
