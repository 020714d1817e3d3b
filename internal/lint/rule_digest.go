package lint

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// digestRule finds checksums that contradict the known ones of a file:
// fetch-digest.
func digestRule(j *judge) {
	for _, i := range j.Images {
		i.Each(func(step *dockerfile.Step) {
			for _, check := range download.Checksums(step) {
				for _, e := range check.Entries {
					j.digest(check, e)
				}
			}
			j.addedDigest(step)
		})
	}
}

func (j *judge) digest(check download.Checksum, e download.Entry) {
	script := check.Step.Script
	f, right := j.contradicted(check.Step, script.Location(e.Word.From, e.Word.To), path.Base(e.File), e.Digest)
	if f == nil {
		return
	}
	from, to := script.Offset(e.Word.From), script.Offset(e.Word.To-1)+1
	data := check.Step.Stage.File.Data
	if at := strings.Index(strings.ToLower(string(data[from:max(from, to)])), e.Digest); at >= 0 && !script.Exec {
		f.fix(source.Edit{File: check.Step.Stage.File.Name, From: from + at, To: from + at + len(e.Digest), New: right})
	}
}

// addedDigest checks ADD --checksum.
func (j *judge) addedDigest(step *dockerfile.Step) {
	add, ok := step.Command.(*instructions.AddCommand)
	if !ok || len(add.SourcePaths) != 1 {
		return
	}
	j.contradicted(step, step.Location(), download.BaseOfURL(step.Expand(add.SourcePaths[0])),
		strings.TrimPrefix(step.Expand(add.Checksum), "sha256:"))
}

// contradicted reports a digest that is not that of a known file. It returns the
// finding and the right digest, or nil.
func (j *judge) contradicted(step *dockerfile.Step, at finding.Location, name, given string) (*draft, string) {
	known := download.KnownModels[name]
	right := known.Contradicts(given)
	if right == "" || strings.Contains(given, shell.Unknown) {
		return nil, ""
	}
	f := j.fail("fetch-digest", at, "the checksum of %s is wrong", name).about(step)
	f.evidence("given: %s", given).evidence("right: %s", right)
	if given == known.Wrong {
		f.evidence("%s", known.Note)
	}
	return f, right
}
