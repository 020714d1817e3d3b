// Package verify judges an image: what was found in it and what was observed
// while it ran, against what its variant needs. It does no I/O. Each check is one
// small function; a new one needs an entry in the list and a file in
// internal/finding/checks.
package verify

import (
	"fmt"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
)

// subject is what the checks judge.
type subject struct {
	inventory.Inventory
	seen    Observations
	variant plan.Variant // empty if unknown
	user    user
	sizes   Sizes
}

// check checks for one pitfall.
type check struct {
	id string
	// depth is the depth needed for a certain answer. A check also runs at
	// shallower depths, and answers what it can.
	depth inventory.Depth
	judge func(*subject) []result
}

// checks lists all checks, in the order of the report.
var checks = []check{
	{"torch-cuda", inventory.FilesDepth, imported("torch", torchCUDA, torchRan)},
	{"cuda-devel", inventory.FilesDepth, cudaDevel},
	{"cuda-twice", inventory.FilesDepth, cudaTwice},
	{"size", inventory.ConfigDepth, size},
	{"waste", inventory.FilesDepth, waste},
	{"leftovers", inventory.FilesDepth, leftovers},
	{"models", inventory.FilesDepth, models},
	{"model-closure", inventory.FilesDepth, modelClosure},
	{"offline", inventory.RunDepth, offline},
	{"ready", inventory.ConfigDepth, ready},
	{"health-window", inventory.ConfigDepth, healthWindow},
	{"lazy", inventory.RunDepth, lazy},
	{"concurrent", inventory.RunDepth, concurrent},
	{"workers", inventory.ConfigDepth, workers},
	{"disk-growth", inventory.RunDepth, diskGrowth},
	{"dlib-blas", inventory.FilesDepth, imported("dlib", dlibBLAS, dlibRan)},
	{"root", inventory.ConfigDepth, root},
	{"cache-perm", inventory.FilesDepth, cachePerm},
	{"setuid", inventory.FilesDepth, setuid},
	{"world-writable", inventory.FilesDepth, worldWritable},
	{"ort-both", inventory.FilesDepth, imported("onnxruntime", ortBoth, ortRan)},
	{"ort-cuda", inventory.FilesDepth, imported("onnxruntime", ortCUDA, ortCUDARan)},
	{"gpu-used", inventory.RunDepth, gpuUsed},
	{"secret", inventory.FilesDepth, secrets},
	{"cors", inventory.RunDepth, cors},
	{"apikey", inventory.RunDepth, apiKey},
	{"latest", inventory.ConfigDepth, latest},
	{"licence", inventory.FilesDepth, licence},
	{"meta", inventory.ConfigDepth, meta},
	{"hub-readme", inventory.ConfigDepth, hubReadme},
}

// Judge returns the verdict on an image. all contains the descriptions of the
// checks, from finding.Checks. Unless a variant is given, it comes from the
// image's tag or FACECRAFT_DEVICE.
func Judge(inv inventory.Inventory, seen Observations, catalogue plan.Catalogue, variant string,
	all []finding.Check) Report {
	s := &subject{Inventory: inv, seen: seen, sizes: Causes(inv)}
	s.variant = variantOf(inv, catalogue, variant)
	s.user = userOf(inv)
	var findings []finding.Finding
	for _, c := range checks {
		about := finding.Named(all, c.id)
		for _, r := range c.results(s) {
			f := r.finding(about[0])
			f.Depth = max(c.depth, r.depth).String()
			findings = append(findings, f)
		}
	}
	return newReport(s, findings)
}

// results returns the check's results, or that it needs a greater depth.
func (c check) results(s *subject) []result {
	switch {
	case shallow[c.id]:
	case c.depth == inventory.FilesDepth && s.Depth < inventory.FilesDepth:
		return []result{deeper(inventory.FilesDepth)}
	case c.depth == inventory.RunDepth && !s.seen.Ran:
		return []result{unseen(s.seen)}
	}
	return c.judge(s)
}

// shallow lists the checks that can answer below their depth.
var shallow = map[string]bool{"cuda-devel": true, "secret": true, "cors": true, "gpu-used": true}

// result is one of possibly several results of a check.
type result struct {
	status    finding.Status
	statement string
	evidence  []string
	path      string // in the image
	saves     int64
	severity  finding.Severity // if empty, the severity of the check
	remedy    string           // if empty, the remedy of the check
	depth     inventory.Depth
	key       string
}

func pass(format string, args ...any) result {
	return result{status: finding.Pass, statement: fmt.Sprintf(format, args...)}
}
func fail(format string, args ...any) result {
	return result{status: finding.Fail, statement: fmt.Sprintf(format, args...)}
}
func unknown(format string, args ...any) result {
	return result{status: finding.Unknown, statement: fmt.Sprintf(format, args...)}
}
func beside(format string, args ...any) result {
	return result{status: finding.NotApplicable, statement: fmt.Sprintf(format, args...)}
}

func (r result) with(evidence ...string) result {
	r.evidence = append(r.evidence, evidence...)
	return r
}

func (r result) at(path string) result                   { r.path = "/" + path; return r }
func (r result) saving(bytes int64) result               { r.saves = bytes; return r }
func (r result) graded(severity finding.Severity) result { r.severity = severity; return r }
func (r result) remedied(remedy string) result           { r.remedy = remedy; return r }
func (r result) keyed(key string) result                 { r.key = key; return r }
func (r result) known(depth inventory.Depth) result      { r.depth = depth; return r }

// deeper returns the result of a check that needs a greater depth.
func deeper(depth inventory.Depth) result {
	return unknown("not checked; use --depth %s", depth).known(depth)
}

// unseen returns the result of a check that needs the image to run.
func unseen(seen Observations) result {
	if seen.Why != "" {
		return unknown("not tried: %s", seen.Why)
	}
	return deeper(inventory.RunDepth)
}

func (r result) finding(about finding.Check) finding.Finding {
	f := about.Finding(r.status, r.statement)
	f.Evidence = append(f.Evidence, r.evidence...)
	f.Path, f.SavesBytes, f.Key = r.path, r.saves, r.key
	if r.severity != "" {
		f.Severity = r.severity
	}
	if r.remedy != "" {
		f.Remedy = r.remedy
	}
	if r.status != finding.Fail {
		f.Remedy, f.Cost = "", ""
	}
	return f
}
