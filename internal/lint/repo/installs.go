package repo

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/shell"
)

// Install is a call of pip or uv with everything that it installs, including what
// is in requirement files.
type Install struct {
	Step *dockerfile.Step
	Cmd  *shell.Command
	*python.Command
	Requirements []Required
	constraints  []Required
	Index        []string // replaces PyPI, wherever it is set
	Extra        []string
	Links        []string
	Unresolved   []string          // files that cannot be read, with reasons
	Indexes      map[string]string // of single packages, from a pyproject.toml
}

// Required is a requirement and the file that contains it; nil means the command
// line.
type Required struct {
	python.Requirement
	File *python.File
}

// At returns the place of the requirement.
func (r Required) At(in Install) finding.Location {
	if r.File != nil {
		return r.File.Location(r.From, r.To)
	}
	return in.Step.Script.Location(r.From, r.To)
}

// String returns the requirement as a person would write it.
func (r Required) String() string { return r.Name + r.Spec }

// Installs returns the installs of a stage's own steps, in order.
func (i *Image) Installs(stage *dockerfile.Stage) []Install {
	if list, ok := i.installed[stage]; ok {
		return list
	}
	var list []Install
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
		i.installed = map[*dockerfile.Stage][]Install{}
	}
	i.installed[stage] = list
	return list
}

func (i *Image) install(step *dockerfile.Step, c *shell.Command, command *python.Command) Install {
	in := Install{Step: step, Cmd: c, Command: command, Index: command.Index, Extra: command.Extra,
		Links: command.FindLinks}
	for _, r := range append(command.Requirements, command.Editable...) {
		if r.Name != "" {
			in.Requirements = append(in.Requirements, Required{Requirement: r})
		}
	}
	for _, name := range []string{"PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"} {
		if value, _ := step.Getenv(name); value != "" {
			in.Index = append(in.Index, value)
		}
	}
	for _, name := range []string{"PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"} {
		if value, _ := step.Getenv(name); value != "" {
			in.Extra = append(in.Extra, value)
		}
	}
	for _, dir := range in.projects() {
		in.project(i, Absolute(step, c, path.Join(dir, projectFile)))
	}
	for _, reference := range command.Files {
		if path.Base(reference.Path) == projectFile {
			in.project(i, Absolute(step, c, reference.Path))
			continue
		}
		in.file(i, Absolute(step, c, reference.Path), false)
	}
	for _, reference := range command.Constraints {
		in.file(i, Absolute(step, c, reference.Path), true)
	}
	return in
}

const projectFile = "pyproject.toml"

// projects returns the directories of the installed projects.
func (in *Install) projects() []string {
	if in.Verb == "sync" || in.Verb == "add" {
		return []string{"."}
	}
	var dirs []string
	for _, r := range append(slices.Clone(in.Command.Requirements), in.Editable...) {
		if dir, _, _ := strings.Cut(r.Path, "["); dir != "" && !strings.ContainsAny(dir, "*?:") &&
			!slices.Contains([]string{".whl", ".gz", ".zip"}, path.Ext(dir)) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// project adds what a project requires.
func (in *Install) project(i *Image, name string) {
	file, reason := i.origin(in.Step, name)
	if reason != "" {
		in.Unresolved = append(in.Unresolved, fmt.Sprintf("%s: %s", projectFile, reason))
		return
	}
	var project *python.Project
	f, err := i.Repo.Source(file)
	if err == nil {
		project, err = python.ReadProject(f)
	}
	if err != nil {
		in.Unresolved = append(in.Unresolved, fmt.Sprintf("%s: %v", file, err))
		return
	}
	for _, r := range project.Requirements {
		if r.Name != "" {
			in.Requirements = append(in.Requirements, Required{r, project.File})
		}
	}
	in.Indexes = project.Indexes
}

// file adds what a requirement file in the image says.
func (in *Install) file(i *Image, name string, constraint bool) {
	file, reason := i.origin(in.Step, name)
	if reason != "" {
		in.Unresolved = append(in.Unresolved, fmt.Sprintf("%s: %s", path.Base(name), reason))
		return
	}
	in.include(i.Repo, file, constraint, map[string]bool{})
}

// include adds a requirement file and the files that it names. seen has those
// already added, because files may name each other.
func (in *Install) include(r *Repo, name string, constraint bool, seen map[string]bool) {
	if seen[name] {
		return
	}
	seen[name] = true
	parsed := r.requirements(name)
	if parsed == nil {
		in.Unresolved = append(in.Unresolved, name+" is not in the repository")
		return
	}
	for _, requirement := range parsed.Requirements {
		if requirement.Name == "" {
			continue
		}
		if constraint {
			in.constraints = append(in.constraints, Required{requirement, parsed})
		} else {
			in.Requirements = append(in.Requirements, Required{requirement, parsed})
		}
	}
	in.Index, in.Extra, in.Links = append(in.Index, parsed.Index...), append(in.Extra, parsed.Extra...),
		append(in.Links, parsed.FindLinks...)
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

// Pin returns a package's requirement with the version that a constraint gives it.
func (in Install) Pin(r Required) Required {
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

// TorchFamily lists the packages that PyTorch's index offers as CPU builds.
var TorchFamily = map[string]bool{"torch": true, "torchvision": true, "torchaudio": true}

// ReachesTorch lists packages that depend on torch.
var ReachesTorch = map[string]bool{
	"facexlib": true, "basicsr": true, "kornia": true, "lpips": true, "realesrgan": true, "gfpgan": true, "timm": true,
	"torchmetrics": true, "pytorch-lightning": true, "lightning": true, "accelerate": true, "ultralytics": true,
	"easyocr": true, "sentence-transformers": true, "openai-whisper": true, "facenet-pytorch": true, "torchsde": true,
	"open-clip-torch": true, "segment-anything": true, "vllm": true, "docling": true,
}
