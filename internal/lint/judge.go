package lint

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/source"
)

// judge collects what the rules find.
type judge struct {
	*repo.Repo
	checks []finding.Check
	drafts []*draft

	// These are read when a rule first needs them.
	index       func() []byte            // git's, or nil
	openOrigins func() *finding.Location // where the server accepts every origin, or nil
}

func newJudge(r *repo.Repo, checks []finding.Check) *judge {
	return &judge{
		Repo: r, checks: checks,
		index: sync.OnceValue(func() []byte {
			data, _ := r.Tree.Read(".git/index")
			return data
		}),
		openOrigins: sync.OnceValue(func() *finding.Location { return openOrigins(r.Tree) }),
	}
}

// draft is a finding with the details that only lint needs.
type draft struct {
	finding.Finding
	edits      []source.Edit
	first, end int  // the lines of the instruction or value that it is about
	missing    bool // it is about something missing
}

// add adds a finding at a place.
func (j *judge) add(id string, status finding.Status, at finding.Location, format string, args ...any) *draft {
	check := finding.Named(j.checks, id)[0]
	f := &draft{Finding: check.Finding(status, fmt.Sprintf(format, args...)), first: at.Line, end: at.Line}
	f.Location = &at
	if file := j.Sources[at.File]; file != nil {
		f.Key = strings.TrimSpace(file.Line(at.Line))
	}
	j.drafts = append(j.drafts, f)
	return f
}

func (j *judge) fail(id string, at finding.Location, format string, args ...any) *draft {
	return j.add(id, finding.Fail, at, format, args...)
}

func (j *judge) unknown(id string, at finding.Location, format string, args ...any) *draft {
	f := j.add(id, finding.Unknown, at, format, args...)
	f.Remedy = ""
	return f
}

// about sets the instruction that a finding is about: a comment above it can
// ignore the finding.
func (f *draft) about(step *dockerfile.Step) *draft {
	f.first, f.end = step.Line, step.EndLine
	return f
}

func (f *draft) evidence(format string, args ...any) *draft {
	f.Evidence = append(f.Evidence, fmt.Sprintf(format, args...))
	return f
}

func (f *draft) severity(s finding.Severity) *draft {
	f.Severity = s
	return f
}

func (f *draft) remedy(format string, args ...any) *draft {
	f.Remedy = fmt.Sprintf(format, args...)
	return f
}

func (f *draft) whole() *draft {
	f.missing = true
	return f
}

func (f *draft) fix(edits ...source.Edit) *draft {
	f.edits = edits
	f.Fixable = len(edits) > 0
	return f
}

// result applies the project's ignores, sorts the findings by place, and drops
// those in files that the user did not name.
func (j *judge) result(options Options) (*Result, error) {
	ignores, err := j.ignores()
	if err != nil {
		return nil, err
	}
	var findings []finding.Finding
	for _, f := range j.drafts {
		findings = append(findings, f.Finding)
	}
	var fixes []Fix
	applied := finding.Ignores{Checks: j.checks, List: ignores, Today: options.Today, Judged: j.judged}.Apply(findings)
	for n, f := range applied {
		f.Depth = "sources"
		fix := Fix{Finding: f}
		if n < len(j.drafts) && f.Suppressed == nil {
			fix.Edits = j.drafts[n].edits
		}
		if asked(options.Only, f.Location.File) {
			fixes = append(fixes, fix)
		}
	}
	slices.SortStableFunc(fixes, byPlace)
	result := &Result{sources: j.Sources, targets: j.Targets}
	result.Target, result.Findings = options.Target, []finding.Finding{}
	for _, fix := range fixes {
		result.Findings = append(result.Findings, fix.Finding)
	}
	result.Fixes = slices.DeleteFunc(fixes, func(f Fix) bool { return len(f.Edits) == 0 })
	return result, nil
}

func byPlace(a, b Fix) int {
	x, y := a.Finding.Location, b.Finding.Location
	return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
}

// judged reports whether this run could have found what an ignore is for. Checks
// that only verify makes cannot be judged here.
func (j *judge) judged(ignore finding.Ignore) bool {
	return slices.ContainsFunc(finding.Named(j.checks, ignore.ID), func(c finding.Check) bool {
		return slices.Equal(c.SeenBy, []string{"lint"}) || slices.Contains(c.SeenBy, "lint") && ignore.Covers != nil
	})
}

// asked reports whether a file is among those that the user named.
func asked(only []string, file string) bool {
	if len(only) == 0 {
		return true
	}
	return slices.ContainsFunc(only, func(name string) bool {
		return name == "." || name == file || strings.HasPrefix(file, path.Clean(name)+"/")
	})
}
