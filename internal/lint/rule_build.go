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

// shown returns a text for people, with an ellipsis for each unknown part.
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
					f := j.fail("cache-order", sources.Location(), "every change to the sources repeats %s", what).about(sources)
					at := step.Location()
					f.evidence("%s comes later", at.String())
					break
				}
			}
		}
	}
}

// manifests are extensions of files that say what to install.
var manifests = []string{".txt", ".in", ".toml", ".lock", ".cfg", ".json", ".yml", ".yaml", ".conf"}

// copiesSources reports whether a step copies a directory with more than
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

// dependencyWork names what a step installs or downloads without needing the
// sources, or "".
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

// needsSources reports whether an install builds, or may build, the project itself.
func needsSources(in repo.Install) bool {
	return in.Local() || len(in.Editable) > 0 || len(in.Unresolved) > 0 || len(in.Requirements) == 0
}
