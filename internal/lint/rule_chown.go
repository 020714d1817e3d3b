package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
)

// chownLayerRule finds files that are copied into a layer and again into the
// next one with another owner or mode: chown-layer.
func chownLayerRule(j *judge) {
	for _, i := range j.Images {
		i.Each(func(step *dockerfile.Step) {
			if step.Script == nil {
				return
			}
			for _, c := range step.Script.Commands {
				if (c.Name() == "chown" || c.Name() == "chmod") && recursive(c) {
					j.chown(i, step, c)
				}
			}
		})
	}
}

func recursive(c *shell.Command) bool {
	for _, arg := range c.Args() {
		if arg.Text == "--recursive" || strings.HasPrefix(arg.Text, "-") && !strings.HasPrefix(arg.Text, "--") &&
			strings.Contains(arg.Text, "R") {
			return true
		}
	}
	return false
}

// operands returns the arguments that are not options.
func operands(c *shell.Command) []shell.Word {
	var list []shell.Word
	for _, arg := range c.Args() {
		if !strings.HasPrefix(arg.Text, "-") {
			list = append(list, arg)
		}
	}
	return list
}

func (j *judge) chown(i *repo.Image, step *dockerfile.Step, c *shell.Command) {
	args := operands(c)
	if len(args) < 2 {
		return
	}
	for _, arg := range args[1:] {
		target := repo.Absolute(step, c, arg.Text)
		copies := copiesUnder(i, step, target)
		if len(copies) == 0 {
			continue
		}
		f := j.fail("chown-layer", step.Script.Location(c.From, c.To), "%s -R stores every file below %s a second time",
			c.Name(), shown(target)).about(step)
		for _, earlier := range copies {
			at := earlier.Location()
			f.evidence("%s: %s", at.String(), strings.TrimSpace(step.Stage.File.Line(earlier.Line)))
		}
		f.fix(chownFix(i, step, c, target, copies)...)
		return
	}
}

// copiesUnder returns the earlier steps of the stage that copy files to a path or
// below it.
func copiesUnder(i *repo.Image, step *dockerfile.Step, target string) []*dockerfile.Step {
	var list []*dockerfile.Step
	for _, earlier := range step.Stage.Steps {
		if earlier == step {
			break
		}
		dest, ok := repo.Destination(earlier)
		if !ok || strings.Contains(dest+target, shell.Unknown) || earlier.Onbuild != step.Onbuild {
			continue
		}
		if _, inside := repo.Below(dest, target); inside || target == "/" || fillsUnder(i, earlier, dest, target) {
			list = append(list, earlier)
		}
	}
	return list
}

// fillsUnder reports whether a step copies a directory of the context that has files
// for a path below its destination.
func fillsUnder(i *repo.Image, step *dockerfile.Step, dest, target string) bool {
	rest, around := repo.Below(target, dest)
	return around && slices.ContainsFunc(repo.Copied(step), func(name string) bool {
		return len(i.Repo.Tree.Under(path.Join(i.Context.Dir, name, rest))) > 0
	})
}
