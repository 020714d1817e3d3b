package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
)

// cudaDevelRule finds a final image with CUDA's compilers: cuda-devel.
func cudaDevelRule(j *judge) {
	for _, i := range j.Images {
		root := i.Final().Lineage()[0]
		b := baseimage.Parse(root.Base)
		isCUDA := b.Name == "nvidia/cuda" || strings.HasSuffix(b.Name, "/cuda") ||
			strings.HasSuffix(b.Name, "pytorch/pytorch")
		switch {
		case isCUDA && strings.Contains(b.Tag, "devel"):
			f := j.fail("cuda-devel", root.Location(),
				"the final image is built on %s, with CUDA's compilers and headers", root.Base)
			f.SavesBytes = 4_500_000_000
		case isCUDA && (b.Tag == "" || b.Tag == "unknown"):
			j.unknown("cuda-devel", root.Location(), "which of CUDA's images it is is not known: %s", shown(root.Base))
		}
	}
}

// shown is a text for people: unknown parts are an ellipsis.
func shown(text string) string { return strings.ReplaceAll(text, shell.Unknown, "…") }

// cacheOrderRule finds sources that are copied before an install or a download
// that does not need them: cache-order.
func cacheOrderRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Relevant() {
			var sources *dockerfile.Step
			for _, step := range stage.Steps {
				if sources == nil && !step.Onbuild && copiesSources(i, step) {
					sources = step
					continue
				}
				if sources == nil {
					continue
				}
				if what := dependencyWork(i, stage, step); what != "" {
					f := j.fail("cache-order", sources.Location(), "every change of the sources repeats %s", what).about(sources)
					at := step.Location()
					f.evidence("%s comes later", at.String())
					break
				}
			}
		}
	}
}

// manifests are files that say what to install.
var manifests = []string{".txt", ".in", ".toml", ".lock", ".cfg", ".json", ".yml", ".yaml", ".conf"}

// copiesSources tells whether a step copies a directory with more than
// manifests in it.
func copiesSources(i *repo.Image, step *dockerfile.Step) bool {
	for _, name := range repo.Copied(step) {
		files := i.Repo.Tree.Under(path.Join(i.Context.Dir, name))
		if slices.ContainsFunc(files, func(file string) bool {
			return !slices.Contains(manifests, path.Ext(file)) && !download.IsModel(file) &&
				!strings.HasPrefix(path.Base(file), ".")
		}) {
			return true
		}
	}
	return false
}

// dependencyWork names what a step installs or downloads without the sources, or "".
func dependencyWork(i *repo.Image, stage *dockerfile.Stage, step *dockerfile.Step) string {
	for _, in := range i.Installs(stage) {
		if in.Step == step && (in.Verb == "install" || in.Verb == "wheel") && !in.NoIndex && !needsSources(in) {
			return "the install of packages"
		}
	}
	for _, d := range download.Downloads(step) {
		if d.Model() {
			return "the download of " + d.What()
		}
	}
	return ""
}

// needsSources tells whether an install builds the project itself, or may.
func needsSources(in repo.Install) bool {
	return in.Local() || len(in.Editable) > 0 || len(in.Unresolved) > 0 || len(in.Requirements) == 0
}

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

// operands are the arguments that are no options.
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

// copiesUnder are the earlier steps of the stage that copy files to a path or
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

// fillsUnder tells whether a step copies a directory of the context that has files
// for a path below its destination.
func fillsUnder(i *repo.Image, step *dockerfile.Step, dest, target string) bool {
	rest, around := repo.Below(target, dest)
	return around && slices.ContainsFunc(repo.Copied(step), func(name string) bool {
		return len(i.Repo.Tree.Under(path.Join(i.Context.Dir, name, rest))) > 0
	})
}
