package lint

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/source"
)

// contextRule finds builds that copy what belongs to no image: context.
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
		if data, err := j.Tree.Read(i.Context.IgnoreFile); err == nil {
			f := source.New(i.Context.IgnoreFile, data)
			j.Keep(f)
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

// copiesAll is the step that copies the whole context, or nil.
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

// missingIgnores are the paths in the context that no image needs and that nothing
// leaves out: the history, settings with secrets, weights that are not part of
// the repository.
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

// hasWeights tells whether a directory has models, or is kept out of git.
func hasWeights(i *repo.Image, dir string) bool {
	return i.Repo.Tree.Ignored(dir, true) != nil || slices.ContainsFunc(i.Repo.Tree.Under(dir), download.IsModel)
}

// contextTakes tells whether the Dockerfile copies a path by name.
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

// plainName is an ignore pattern that is one directory's name, anywhere.
var plainName = regexp.MustCompile(`^(?:\*\*/)?([A-Za-z_]\w*)/?$`)

// hiddenImportRule finds patterns of .gitignore that hide packages which the
// sources import: hidden-import.
func hiddenImportRule(j *judge) {
	hides := map[string]int{} // patterns by the name that they hide
	for n, p := range j.Tree.Patterns {
		if m := plainName.FindStringSubmatch(p.Text); m != nil {
			hides[m[1]] = n
		}
	}
	if len(hides) == 0 {
		return
	}
	seen := map[int]bool{}
	for _, name := range j.Tree.Files {
		if path.Ext(name) != ".py" {
			continue
		}
		data, err := j.Tree.Read(name)
		if err != nil {
			continue
		}
		for n, line := range strings.Split(string(data), "\n") {
			j.hidden(hides, seen, name, n+1, line)
		}
	}
}

var imports = regexp.MustCompile(`^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+(\w+)|import\s+([\w.]+))`)

// hidden judges one line of Python.
func (j *judge) hidden(hides map[string]int, seen map[int]bool, file string, line int, text string) {
	m := imports.FindStringSubmatch(text)
	if m == nil {
		return
	}
	module := m[2] + m[4]
	if m[3] != "" {
		module = strings.TrimPrefix(module+"."+m[3], ".")
	}
	parts := strings.Split(module, ".")
	for n, part := range parts {
		at, ok := hides[part]
		if !ok || seen[at] {
			continue
		}
		dir, ok := j.packageDir(file, len(m[1]), parts[:n+1])
		if !ok || j.tracked(dir) {
			continue
		}
		if p := j.Tree.Ignored(dir, true); p == nil || p != &j.Tree.Patterns[at] {
			continue
		}
		seen[at] = true
		pattern := j.Tree.Patterns[at]
		j.keepIgnoreFile(pattern.File)
		j.fail("hidden-import", finding.Location{File: pattern.File, Line: pattern.Line},
			"%s hides %s, which the sources import", pattern.Text, dir).
			evidence("%s:%d: %s", file, line, strings.TrimSpace(text))
	}
}

// packageDir is the directory that an import names and that is not there:
// relative to its file, or below a directory above it that has the first part
// of the name.
func (j *judge) packageDir(file string, dots int, parts []string) (string, bool) {
	dir := path.Dir(file)
	if dots > 0 {
		for range dots - 1 {
			dir = path.Dir(dir)
		}
		return j.missing(dir, parts)
	}
	if len(parts) < 2 {
		return "", false // a package of its own may come from PyPI
	}
	for ; ; dir = path.Dir(dir) {
		for _, root := range []string{dir, path.Join(dir, "src")} {
			if j.Tree.Has(path.Join(root, parts[0])) {
				return j.missing(root, parts)
			}
		}
		if dir == "." {
			return "", false
		}
	}
}

// missing is a package's directory below another, if neither it nor a module
// of that name is there, nor a module that would have it as a name.
func (j *judge) missing(root string, parts []string) (string, bool) {
	for n := range parts {
		if j.Tree.Has(path.Join(root, path.Join(parts[:n+1]...)) + ".py") {
			return "", false
		}
	}
	dir := path.Join(root, path.Join(parts...))
	return dir, !j.Tree.Has(dir)
}

// tracked tells whether git knows files in a directory although it is ignored.
func (j *judge) tracked(dir string) bool {
	if !j.IndexRead {
		j.Index, _ = j.Tree.Read(".git/index")
		j.IndexRead = true
	}
	return strings.Contains(string(j.Index), dir+"/")
}

func (j *judge) keepIgnoreFile(name string) {
	if data, err := j.Tree.Read(name); err == nil {
		j.Keep(source.New(name, data))
	}
}
