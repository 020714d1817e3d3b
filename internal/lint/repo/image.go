package repo

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/tree"
)

// Image is a Dockerfile with its context.
type Image struct {
	*dockerfile.File
	Repo       *Repo
	Context    tree.Context
	ContextErr error
	Services   []*compose.Service // that build it
	installed  map[*dockerfile.Stage][]Install
}

// place finds a Dockerfile's context: the one in a Compose file, the directory
// with its sources, or the repository.
func (r *Repo) place(i *Image) {
	dir := ""
	for _, file := range r.Compose {
		for _, service := range file.Services {
			if service.Dockerfile == i.Name {
				i.Services = append(i.Services, service)
				dir = service.Context
			}
		}
	}
	if dir == "" {
		dir = "."
		if own := path.Dir(i.Name); own != "." && i.sourcesIn(own) && !i.sourcesIn(".") {
			dir = own
		}
	}
	i.Context, i.ContextErr = r.Tree.Context(dir, i.Name)
}

// sourcesIn reports whether all that the Dockerfile copies by name is in a
// directory.
func (i *Image) sourcesIn(dir string) bool {
	named := false
	for _, stage := range i.Stages {
		for _, step := range stage.Steps {
			for _, name := range Copied(step) {
				if name == "." || strings.ContainsAny(name, "*?[") || strings.Contains(name, shell.Unknown) {
					continue
				}
				if !i.Repo.Tree.OnDisk(path.Join(dir, name)) {
					return false
				}
				named = true
			}
		}
	}
	return named || dir != "."
}

// Copied returns the paths that a step copies from the context.
func Copied(step *dockerfile.Step) []string {
	var paths []string
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		if c.From == "" {
			paths = c.SourcePaths
		}
	case *instructions.AddCommand:
		paths = c.SourcePaths
	}
	var list []string
	for _, name := range paths {
		if name = step.Expand(name); !strings.Contains(name, "://") && !strings.HasPrefix(name, "git@") {
			list = append(list, strings.TrimPrefix(path.Clean("/"+name), "/"))
		}
	}
	for n, name := range list {
		if name == "" {
			list[n] = "."
		}
	}
	return list
}

// Each calls a function for each step of the relevant stages.
func (i *Image) Each(do func(*dockerfile.Step)) {
	for _, stage := range i.Relevant() {
		for _, step := range stage.Steps {
			do(step)
		}
	}
}

// Last returns the last of an image's instructions of a kind, or nil.
func Last[T instructions.Command](i *Image) (*dockerfile.Step, T) {
	var found *dockerfile.Step
	var command T
	for _, step := range i.Final().Chain() {
		if c, ok := step.Command.(T); ok {
			found, command = step, c
		}
	}
	return found, command
}

// Base returns the image at the bottom of the final stage.
func (i *Image) Base() baseimage.Image { return baseimage.Parse(i.Final().Root()) }

// GPU returns why the image is meant for GPUs, or "".
func (i *Image) GPU() string {
	if why := i.Base().GPU(); why != "" {
		return why
	}
	name := strings.ToLower(i.Name)
	for _, word := range []string{"gpu", "cuda", "rocm", "nvidia"} {
		if strings.Contains(path.Base(name), word) || path.Base(path.Dir(name)) == word {
			return "the file's name says " + word
		}
	}
	for _, step := range i.Final().Chain() {
		if c, ok := step.Command.(*instructions.EnvCommand); ok {
			for _, pair := range c.Env {
				if pair.Key == "NVIDIA_VISIBLE_DEVICES" && pair.Value != "void" && pair.Value != "none" ||
					pair.Key == "FACECRAFT_DEVICE" && strings.HasPrefix(pair.Value, "cuda") {
					return "it sets " + pair.Key + "=" + pair.Value
				}
			}
		}
	}
	return ""
}

// Arm reports whether a stage is built for arm64 only.
func Arm(stage *dockerfile.Stage) bool {
	for _, s := range stage.Lineage() {
		if strings.Contains(s.Platform, "arm64") || strings.Contains(s.Platform, "aarch64") {
			return true
		}
	}
	return false
}

// Serves reports whether the final image is a server: it exposes a port, or starts
// a known server.
func (i *Image) Serves() bool {
	for _, step := range i.Final().Chain() {
		switch step.Command.(type) {
		case *instructions.ExposeCommand:
			return true
		case *instructions.CmdCommand, *instructions.EntrypointCommand:
			for _, c := range step.Script.Commands {
				for _, word := range c.Words {
					if servers[path.Base(word.Text)] {
						return true
					}
				}
			}
		}
	}
	return false
}

var servers = map[string]bool{
	"uvicorn": true, "gunicorn": true, "hypercorn": true, "daphne": true, "flask": true, "waitress-serve": true,
	"fastapi": true, "tritonserver": true, "torchserve": true, "vllm": true, "http.server": true,
}

// modelPackages are packages that load models.
var modelPackages = map[string]bool{
	"torch": true, "onnxruntime": true, "onnxruntime-gpu": true, "tensorflow": true, "tensorflow-cpu": true, "dlib": true,
	"rembg": true, "transformers": true, "insightface": true, "diffusers": true, "keras": true, "jax": true,
	"ultralytics": true, "vllm": true,
}

// Models returns the evidence that the image loads models, or "".
func (i *Image) Models() string {
	for _, stage := range i.Relevant() {
		for _, in := range i.Installs(stage) {
			for _, r := range in.Requirements {
				if modelPackages[r.Name] || TorchFamily[r.Name] || ReachesTorch[r.Name] {
					return "it installs " + r.Name
				}
			}
		}
		for _, step := range stage.Steps {
			for _, name := range Copied(step) {
				if download.IsModel(name) {
					return "it copies " + name
				}
			}
		}
	}
	if b := i.Base(); strings.Contains(b.Name, "pytorch") || strings.Contains(b.Name, "tensorflow") ||
		b.Name == "djok/facecraft" {
		return "its base is " + b.Name
	}
	return ""
}
