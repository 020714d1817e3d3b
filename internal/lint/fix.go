package lint

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/source"
)

// Fix is how a finding is fixed.
type Fix struct {
	Finding finding.Finding
	Edits   []source.Edit
}

// Change is a file before and after a fix. Before is nil for a new one.
type Change struct {
	File          string
	Before, After []byte
}

// Changes makes the edits of all findings that can be fixed. An edit that
// meets another is left for the next time, and so is a whole finding whose file
// would no longer parse.
func (r *Result) Changes(root fs.FS) ([]Change, error) {
	edits := map[string][]source.Edit{}
	var files []string
	for _, fix := range r.Fixes {
		if !free(edits, fix.Edits) {
			continue
		}
		for _, edit := range fix.Edits {
			if edits[edit.File] == nil {
				files = append(files, edit.File)
			}
			edits[edit.File] = append(edits[edit.File], edit)
		}
	}
	slices.Sort(files)
	var changes []Change
	for _, name := range files {
		before, err := fs.ReadFile(root, name)
		if err != nil && edits[name][0].To > 0 {
			return nil, err
		}
		after, _ := source.Apply(before, edits[name])
		if repo.IsDockerfile(name) {
			if _, err := dockerfile.Parse(source.New(name, after)); err != nil {
				return nil, fmt.Errorf("%s would no longer be a Dockerfile: %w", name, err)
			}
		}
		changes = append(changes, Change{name, before, after})
	}
	return changes, nil
}

// free tells whether edits meet none of those that are made already.
func free(made map[string][]source.Edit, edits []source.Edit) bool {
	for _, edit := range edits {
		for _, other := range made[edit.File] {
			if edit.From < other.To && other.From < edit.To || edit.From == other.From {
				return false
			}
		}
	}
	return true
}

// Diff is a change as git and patch read it.
func (c Change) Diff() string {
	before := "a/" + c.File
	if c.Before == nil {
		before = "/dev/null"
	}
	text := string(diff.Diff(before, c.Before, "b/"+c.File, c.After))
	_, text, _ = strings.Cut(text, "\n") // its first line is Go's own
	return text
}
