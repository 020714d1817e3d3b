package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/source"
)

// contextRule finds builds that copy what does not belong in an image: context.
func contextRule(j *judge) {
	seen := map[string]bool{} // one finding for each ignore file
	for _, i := range j.Images {
		step := copiesAll(i)
		if step == nil || i.ContextErr != nil || seen[i.Context.IgnoreFile] {
			continue
		}
		lacks := missingIgnores(i)
		if len(lacks) == 0 {
			continue
		}
		seen[i.Context.IgnoreFile] = true
		j.lacking(i, step, lacks)
	}
}

func (j *judge) lacking(i *repo.Image, step *dockerfile.Step, lacks []string) {
	if i.Context.Exists {
		if f, err := j.Source(i.Context.IgnoreFile); err == nil {
			at := step.Location()
			found := j.fail("context", finding.Location{File: f.Name, Line: 1}, "the build gets %s as well", join(lacks)).whole()
			found.evidence("%s: %s", at.String(), strings.TrimSpace(i.Line(step.Line)))
			found.fix(appendLines(f, lacks))
			return
		}
	}
	f := j.fail("context", step.Location(), "the build gets %s as well: there is no %s", join(lacks),
		i.Context.IgnoreFile).about(step)
	f.fix(source.Edit{File: i.Context.IgnoreFile, New: strings.Join(lacks, "\n") + "\n"})
}

// appendLines adds lines to the end of a file.
func appendLines(f *source.File, lines []string) source.Edit {
	newline := f.Newline()
	text := strings.Join(lines, newline) + newline
	if end := len(f.Data); end > 0 && f.Data[end-1] != '\n' {
		text = newline + text
	}
	return source.Edit{File: f.Name, From: len(f.Data), To: len(f.Data), New: text}
}

// copiesAll returns the step that copies the whole context, or nil.
func copiesAll(i *repo.Image) *dockerfile.Step {
	for _, stage := range i.Relevant() {
		for _, step := range stage.Steps {
			if slices.Contains(repo.Copied(step), ".") {
				return step
			}
		}
	}
	return nil
}

// missingIgnores returns the paths in the context that no image needs and nothing
// excludes: the history, settings with secrets, weights that are not part of the
// repository.
func missingIgnores(i *repo.Image) []string {
	t, dir := i.Repo.Tree, i.Context.Dir
	var list []string
	add := func(name string) {
		if !i.Context.Excludes(name) && !contextTakes(i, name) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	if t.OnDisk(path.Join(dir, ".git")) {
		add(".git")
	}
	if env := path.Join(dir, ".env"); t.OnDisk(env) || t.Ignored(env, false) != nil {
		add(".env")
	}
	for _, name := range []string{"models", "weights", "checkpoints"} {
		if t.OnDisk(path.Join(dir, name)) && hasWeights(i, path.Join(dir, name)) {
			add(name)
		}
	}
	return list
}

// hasWeights reports whether a directory contains models, or is kept out of git.
func hasWeights(i *repo.Image, dir string) bool {
	return i.Repo.Tree.Ignored(dir, true) != nil || slices.ContainsFunc(i.Repo.Tree.Under(dir), download.IsModel)
}

// contextTakes reports whether the Dockerfile copies a path by name.
func contextTakes(i *repo.Image, name string) bool {
	for _, stage := range i.Stages {
		for _, step := range stage.Steps {
			for _, taken := range repo.Copied(step) {
				if _, ok := repo.Below(taken, name); ok {
					return true
				}
			}
		}
	}
	return false
}
