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

// Fix is a finding with the edits that fix it.
type Fix struct {
	Finding finding.Finding
	Edits   []source.Edit
}

// Change is a file before and after a fix. Before is nil for a new file.
type Change struct {
	File          string
	Before, After []byte
}

// Changes applies the edits of all fixable findings. A fix whose edits overlap
// those of an earlier one waits for the next run. It is an error if a Dockerfile
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

// free reports whether edits overlap none of those already made.
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

// Diff returns the change as a unified diff, for git and patch.
func (c Change) Diff() string {
	before := "a/" + c.File
	if c.Before == nil {
		before = "/dev/null"
	}
	text := string(diff.Diff(before, c.Before, "b/"+c.File, c.After))
	_, text, _ = strings.Cut(text, "\n") // the first line is specific to Go's diff
	return text
}
