package lint

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// destination is the path that a COPY or ADD writes: of one file the file's
// own.
func destination(step *dockerfile.Step) (string, bool) {
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

// wheelsLayerRule finds files that a later step deletes from the image, but not
// from its layer: wheels-layer.
func wheelsLayerRule(j *judge) {
	for _, i := range j.images {
		i.each(func(step *dockerfile.Step) {
			if step.Script == nil {
				return
			}
			for _, c := range step.Script.Commands {
				if c.Name() == "rm" {
					j.removed(i, step, c)
				}
			}
		})
	}
}

func (j *judge) removed(i *image, step *dockerfile.Step, c *shell.Command) {
	for _, arg := range operands(c) {
		target := absolute(step, c, strings.TrimSuffix(strings.TrimSuffix(arg.Text, "/*"), "/*.whl"))
		for _, earlier := range step.Stage.Steps {
			if earlier == step {
				break
			}
			if !i.puts(earlier, target) || i.small(earlier) {
				continue
			}
			f := j.fail("wheels-layer", step.Script.Location(c.From, c.To), "%s is deleted, but its layer stays in the image", shown(target)).about(step)
			at := earlier.Location()
			f.evidence("%s: %s", at.String(), strings.TrimSpace(i.Line(earlier.Line)))
			f.fix(i.bindFix(earlier, step, c, target)...)
			return
		}
	}
}

// puts tells whether a step copies exactly a path: a directory, or a file of
// that name.
func (i *image) puts(step *dockerfile.Step, target string) bool {
	dest, ok := destination(step)
	if !ok || strings.Contains(dest+target, shell.Unknown) || target == "/" {
		return false
	}
	if dest == target {
		return true
	}
	if rest, inside := below(dest, target); inside && rest != "" {
		return true // rm of a directory above
	}
	for _, name := range sourcesOf(step) {
		if path.Join(dest, path.Base(name)) == target && !strings.ContainsAny(name, "*?[") {
			return true
		}
	}
	return false
}

// sourcesOf are the paths that a COPY or ADD takes, from wherever.
func sourcesOf(step *dockerfile.Step) []string {
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

// smallFile is what nobody notices in a layer, in bytes.
const smallFile = 100_000

// small tells whether a step copies small files of the repository alone.
func (i *image) small(step *dockerfile.Step) bool {
	names := copied(step)
	for _, name := range names {
		data, err := i.repo.tree.Read(path.Join(i.context.Dir, name))
		if err != nil || len(data) > smallFile {
			return false
		}
	}
	return len(names) > 0
}
