package verify

import (
	"slices"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

// Report is the verdict on an image, for people and scripts.
type Report struct {
	finding.Report
	Digest  string      `json:"digest,omitempty"`
	Depth   string      `json:"depth"`
	Layers  int         `json:"layers"`
	Size    Sizes       `json:"size"`
	Against *Comparison `json:"against,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
}

func newReport(s *subject, findings []finding.Finding) Report {
	depth := s.Depth
	if s.seen.Ran {
		depth = inventory.RunDepth
	}
	return Report{Report: finding.Report{Target: s.Target, Findings: findings}, Digest: s.Digest, Depth: depth.String(),
		Layers: len(s.Layers), Size: s.sizes, Notes: s.Notes}
}

// Comparison compares an image with another one.
type Comparison struct {
	Target string `json:"target"`
	// The IDs of pitfalls: New are only in this image, Fixed only in the other
	// one, Same in both.
	New   []string `json:"new"`
	Fixed []string `json:"fixed"`
	Same  []string `json:"same"`
	// How many bytes larger this image is, in total and by cause.
	Bytes  int64           `json:"bytes"`
	Causes map[Cause]int64 `json:"causes"`
}

// Compare says what changed since another image.
func (r Report) Compare(old Report) *Comparison {
	c := &Comparison{Target: old.Target, New: []string{}, Fixed: []string{}, Same: []string{},
		Bytes: r.Size.Total - old.Size.Total, Causes: map[Cause]int64{}}
	now, before := r.pitfalls(), old.pitfalls()
	for _, id := range now {
		if slices.Contains(before, id) {
			c.Same = append(c.Same, id)
		} else {
			c.New = append(c.New, id)
		}
	}
	for _, id := range before {
		// What could not be seen this time was not fixed.
		if !slices.Contains(now, id) && r.answered(id) {
			c.Fixed = append(c.Fixed, id)
		}
	}
	for _, cause := range AllCauses {
		if d := r.Size.Causes[cause] - old.Size.Causes[cause]; d != 0 {
			c.Causes[cause] = d
		}
	}
	return c
}

// pitfalls returns the IDs of the failed checks, each once.
func (r Report) pitfalls() (ids []string) {
	for _, f := range r.Findings {
		if f.Status == finding.Fail && !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

func (r Report) answered(id string) bool {
	return slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.ID == id && (f.Status == finding.Pass || f.Status == finding.NotApplicable)
	})
}
