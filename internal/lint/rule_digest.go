package lint

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// digestRule finds checksums that contradict what is known of a file:
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
	name := e.File[strings.LastIndexByte(e.File, '/')+1:]
	known, ok := download.KnownModels[name]
	truth := known.Contradicts(e.Digest)
	if !ok || truth == "" || strings.Contains(e.Digest, shell.Unknown) {
		return
	}
	script := check.Step.Script
	f := j.fail("fetch-digest", script.Location(e.Word.From, e.Word.To), "the checksum of %s is wrong", name).
		about(check.Step)
	f.evidence("given: %s", e.Digest).evidence("right: %s", truth)
	if e.Digest == known.Wrong {
		f.evidence("%s", known.Note)
	}
	from, to := script.Offset(e.Word.From), script.Offset(e.Word.To-1)+1
	data := check.Step.Stage.File.Data
	if at := strings.Index(strings.ToLower(string(data[from:max(from, to)])), e.Digest); at >= 0 && !script.Exec {
		f.fix(source.Edit{File: check.Step.Stage.File.Name, From: from + at, To: from + at + len(e.Digest), New: truth})
	}
}

// addedDigest looks at ADD --checksum.
func (j *judge) addedDigest(step *dockerfile.Step) {
	add, ok := step.Command.(*instructions.AddCommand)
	if !ok || len(add.SourcePaths) != 1 {
		return
	}
	name := download.BaseOfURL(step.Expand(add.SourcePaths[0]))
	given, _ := strings.CutPrefix(step.Expand(add.Checksum), "sha256:")
	known, ok := download.KnownModels[name]
	if truth := known.Contradicts(given); ok && truth != "" {
		f := j.fail("fetch-digest", step.Location(), "the checksum of %s is wrong", name).about(step)
		f.evidence("given: %s", given).evidence("right: %s", truth)
	}
}
