package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// install is a call of pip or uv with all that it installs, the requirement
// files that it reads included.
type install struct {
	step *dockerfile.Step
	cmd  *shell.Command
	*python.Command
	requirements []required
	constraints  []required
	index        []string // that replace PyPI, wherever they are set
	extra        []string
	links        []string
	unresolved   []string          // files that cannot be read, with reasons
	indexes      map[string]string // that a pyproject.toml gives single packages
}

// required is a requirement and the file in which it stands; nil is the command
// line.
type required struct {
	python.Requirement
	file *python.File
}

// at is where the requirement stands.
func (r required) at(in install) finding.Location {
	if r.file != nil {
		return r.file.Location(r.From, r.To)
	}
	return in.step.Script.Location(r.From, r.To)
}

// String is the requirement as a person would write it.
func (r required) String() string { return r.Name + r.Spec }

// installs are those of a stage's own steps, in order.
func (i *image) installs(stage *dockerfile.Stage) []install {
	if list, ok := i.installed[stage]; ok {
		return list
	}
	var list []install
	for _, step := range stage.Steps {
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			if command, ok := python.Read(c); ok {
				list = append(list, i.install(step, c, command))
			}
		}
	}
	if i.installed == nil {
		i.installed = map[*dockerfile.Stage][]install{}
	}
	i.installed[stage] = list
	return list
}

func (i *image) install(step *dockerfile.Step, c *shell.Command, command *python.Command) install {
	in := install{step: step, cmd: c, Command: command, index: command.Index, extra: command.Extra, links: command.FindLinks}
	for _, r := range append(command.Requirements, command.Editable...) {
		if r.Name != "" {
			in.requirements = append(in.requirements, required{Requirement: r})
		}
	}
	for _, name := range []string{"PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"} {
		if value, _ := step.Getenv(name); value != "" {
			in.index = append(in.index, value)
		}
	}
	for _, name := range []string{"PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"} {
		if value, _ := step.Getenv(name); value != "" {
			in.extra = append(in.extra, value)
		}
	}
	for _, dir := range in.projects() {
		in.project(i, absolute(step, c, path.Join(dir, projectFile)))
	}
	for _, reference := range command.Files {
		if path.Base(reference.Path) == projectFile {
			in.project(i, absolute(step, c, reference.Path))
			continue
		}
		in.file(i, absolute(step, c, reference.Path), false)
	}
	for _, reference := range command.Constraints {
		in.file(i, absolute(step, c, reference.Path), true)
	}
	return in
}

const projectFile = "pyproject.toml"

// projects are the directories of the projects that are installed.
func (in *install) projects() []string {
	if in.Verb == "sync" || in.Verb == "add" {
		return []string{"."}
	}
	var dirs []string
	for _, r := range append(slices.Clone(in.Command.Requirements), in.Editable...) {
		if dir, _, _ := strings.Cut(r.Path, "["); dir != "" && !strings.ContainsAny(dir, "*?:") && !slices.Contains([]string{".whl", ".gz", ".zip"}, path.Ext(dir)) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// project adds what a project requires.
func (in *install) project(i *image, name string) {
	file, reason := i.origin(in.step, name)
	if reason != "" {
		in.unresolved = append(in.unresolved, fmt.Sprintf("%s: %s", projectFile, reason))
		return
	}
	data, err := i.repo.tree.Read(file)
	if err != nil {
		in.unresolved = append(in.unresolved, fmt.Sprintf("%s: %v", file, err))
		return
	}
	f := source.New(file, data)
	i.repo.keep(f)
	project, err := python.ReadProject(f)
	if err != nil {
		in.unresolved = append(in.unresolved, fmt.Sprintf("%s: %v", file, err))
		return
	}
	for _, r := range project.Requirements {
		if r.Name != "" {
			in.requirements = append(in.requirements, required{r, project.File})
		}
	}
	in.indexes = project.Indexes
}

// file adds what a requirement file in the image says.
func (in *install) file(i *image, name string, constraint bool) {
	file, reason := i.origin(in.step, name)
	if reason != "" {
		in.unresolved = append(in.unresolved, fmt.Sprintf("%s: %s", path.Base(name), reason))
		return
	}
	in.include(i.repo, file, constraint, map[string]bool{})
}

// include adds what a requirement file says, and those that it names; seen are
// those that were added, because they may name each other.
func (in *install) include(r *repo, name string, constraint bool, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	parsed := r.requirements(name)
	if parsed == nil {
		in.unresolved = append(in.unresolved, name+" is not in the repository")
		return
	}
	for _, requirement := range parsed.Requirements {
		if requirement.Name == "" {
			continue
		}
		if constraint {
			in.constraints = append(in.constraints, required{requirement, parsed})
		} else {
			in.requirements = append(in.requirements, required{requirement, parsed})
		}
	}
	in.index, in.extra, in.links = append(in.index, parsed.Index...), append(in.extra, parsed.Extra...), append(in.links, parsed.FindLinks...)
	if len(parsed.Editable) > 0 {
		in.Editable = append(in.Editable, parsed.Editable...)
	}
	for _, reference := range parsed.Files {
		in.include(r, path.Join(path.Dir(name), reference.Path), constraint, seen)
	}
	for _, reference := range parsed.Constraints {
		in.include(r, path.Join(path.Dir(name), reference.Path), true, seen)
	}
}

// pin is a package's requirement with the version that a constraint gives it.
func (in install) pin(r required) required {
	if r.Pinned() != "" {
		return r
	}
	for _, c := range in.constraints {
		if c.Name == r.Name && c.Pinned() != "" {
			r.Spec = c.Spec
		}
	}
	return r
}
