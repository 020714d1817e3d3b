package repo

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// Destination returns the path that a COPY or ADD writes to.
func Destination(step *dockerfile.Step) (string, bool) {
	var sd instructions.SourcesAndDest
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		sd = c.SourcesAndDest
	case *instructions.AddCommand:
		sd = c.SourcesAndDest
	default:
		return "", false
	}
	return step.Path(step.Expand(sd.DestPath)), true
}

// Puts reports whether a step copies exactly what is at a path: a directory or a
// file.
func (i *Image) Puts(step *dockerfile.Step, target string) bool {
	dest, ok := Destination(step)
	if !ok || strings.Contains(dest+target, shell.Unknown) || target == "/" {
		return false
	}
	if dest == target {
		return true
	}
	if rest, inside := Below(dest, target); inside && rest != "" {
		return true // rm of a directory above
	}
	for _, name := range SourcesOf(step) {
		if path.Join(dest, path.Base(name)) == target && !strings.ContainsAny(name, "*?[") {
			return true
		}
	}
	return false
}

// SourcesOf returns the paths that a COPY or ADD copies, from anywhere.
func SourcesOf(step *dockerfile.Step) []string {
	var names []string
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		names = c.SourcePaths
	case *instructions.AddCommand:
		names = c.SourcePaths
	}
	list := make([]string, len(names))
	for n, name := range names {
		list[n] = step.Expand(name)
	}
	return list
}

// smallFile is the size up to which a file does not matter in a layer, in bytes.
const smallFile = 100_000

// Small reports whether a step copies only small files of the repository.
func (i *Image) Small(step *dockerfile.Step) bool {
	names := Copied(step)
	for _, name := range names {
		data, err := i.Repo.Tree.Read(path.Join(i.Context.Dir, name))
		if err != nil || len(data) > smallFile {
			return false
		}
	}
	return len(names) > 0
}
