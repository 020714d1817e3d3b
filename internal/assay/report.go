package assay

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/verify"
)

// Report verifies an image for the project in the working directory: findings
// that its ignore file accepts are suppressed. If another image is named, the
// report also compares the two.
func (a Assay) Report(ctx context.Context, target, against string) (verify.Report, error) {
	a.Say("reading %s", target)
	report, err := a.Verify(ctx, target)
	if err != nil {
		return report, err
	}
	if report.Findings, err = a.suppress(report.Findings); err != nil || against == "" {
		return report, err
	}
	a.Say("reading %s", against)
	a.Dockerfile = nil // the other image was not built with it
	before, err := a.Verify(ctx, against)
	if err != nil {
		return report, err
	}
	report.Against = report.Compare(before)
	return report, nil
}

// suppress applies the ignore file, if there is one.
func (a Assay) suppress(findings []finding.Finding) ([]finding.Finding, error) {
	data, err := os.ReadFile(finding.IgnoreFile)
	if os.IsNotExist(err) {
		return findings, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := finding.ParseIgnores(data)
	if err != nil {
		return nil, err
	}
	ignores := finding.Ignores{Checks: a.Checks, List: list, Today: time.Now(), Judged: judgedIn(a.Checks, findings)}
	return ignores.Apply(findings), nil
}

// judgedIn reports whether one of the checks that an ignore names has a result.
func judgedIn(checks []finding.Check, findings []finding.Finding) func(finding.Ignore) bool {
	return func(ignore finding.Ignore) bool {
		return slices.ContainsFunc(finding.Named(checks, ignore.ID), func(check finding.Check) bool {
			return slices.ContainsFunc(findings, func(f finding.Finding) bool {
				return f.ID == check.ID && f.Status != finding.Unknown
			})
		})
	}
}
