package finding

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Skipped *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the findings as test cases, one suite per group. Notes and results
// that are unknown, not applicable or ignored are skipped tests with the reason.
func (r Report) JUnit(w io.Writer) error {
	all := junitSuites{Name: "facecraft " + r.Target}
	for _, group := range Groups {
		suite := junitSuite{Name: group}
		for _, f := range r.Findings {
			if f.Group == group {
				suite.add(f)
			}
		}
		if suite.Tests == 0 {
			continue
		}
		all.Tests, all.Failures, all.Skipped = all.Tests+suite.Tests, all.Failures+suite.Failures,
			all.Skipped+suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(f Finding) {
	test := junitCase{Class: f.ID, Name: f.ID}
	if f.Path != "" {
		test.Name += " " + f.Path
	}
	if at := f.Location; at != nil {
		test.File, test.Line = at.File, at.Line
		test.Name += " " + at.String()
	}
	switch {
	case f.Counts():
		s.Failures++
		text := strings.Join(f.Evidence, "\n")
		if f.Remedy != "" {
			text += "\nfix: " + f.Remedy
		}
		test.Failure = &junitMessage{string(f.Severity), f.Statement, strings.TrimSpace(text)}
	case f.Suppressed != nil:
		s.skip(&test, fmt.Sprintf("ignored until %s: %s", f.Suppressed.Until, f.Suppressed.Reason))
	case f.Status != Pass:
		s.skip(&test, fmt.Sprintf("%s: %s", label(f), f.Statement))
	}
	s.Tests++
	s.Cases = append(s.Cases, test)
}

func (s *junitSuite) skip(test *junitCase, why string) {
	s.Skipped++
	test.Skipped = &junitMessage{Message: why}
}

// label describes a finding that is not a failure: a note, or its status.
func label(f Finding) string {
	if f.Status == Fail {
		return string(f.Severity)
	}
	return string(f.Status)
}

// String returns file:line:column, without unknown parts.
func (l Location) String() string {
	text := l.File
	for _, n := range []int{l.Line, l.Column} {
		if n == 0 {
			break
		}
		text += fmt.Sprintf(":%d", n)
	}
	return text
}
