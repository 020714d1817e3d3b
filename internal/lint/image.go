package lint

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/tree"
)

// image is a Dockerfile with what surrounds it.
type image struct {
	*dockerfile.File
	repo       *repo
	context    tree.Context
	contextErr error
	services   []*compose.Service // that build it
	installed  map[*dockerfile.Stage][]install
}

// place finds a Dockerfile's context: that of a Compose file, the directory in
// which its sources are, or the repository.
func (r *repo) place(i *image) {
	dir := ""
	for _, file := range r.compose {
		for _, service := range file.Services {
			if service.Dockerfile == i.Name {
				i.services = append(i.services, service)
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
	i.context, i.contextErr = r.tree.Context(dir, i.Name)
}

// sourcesIn tells whether all that the Dockerfile copies by name is in a
// directory.
func (i *image) sourcesIn(dir string) bool {
	named := false
	for _, stage := range i.Stages {
		for _, step := range stage.Steps {
			for _, name := range copied(step) {
				if name == "." || strings.ContainsAny(name, "*?[") || strings.Contains(name, shell.Unknown) {
					continue
				}
				if !i.repo.tree.OnDisk(path.Join(dir, name)) {
					return false
				}
				named = true
			}
		}
	}
	return named || dir != "."
}

// copied are the paths that a step copies from the context.
func copied(step *dockerfile.Step) []string {
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

// each calls a function for each step of the relevant stages.
func (i *image) each(do func(*dockerfile.Step)) {
	for _, stage := range i.Relevant() {
		for _, step := range stage.Steps {
			do(step)
		}
	}
}

// last is the last of an image's instructions of a kind, or nil.
func last[T instructions.Command](i *image) (*dockerfile.Step, T) {
	var found *dockerfile.Step
	var command T
	for _, step := range i.Final().Chain() {
		if c, ok := step.Command.(T); ok {
			found, command = step, c
		}
	}
	return found, command
}

// base is the image at the bottom of the final stage.
func (i *image) base() base { return baseOf(i.Final().Root()) }

// gpu says why the image is meant for GPUs, or "".
func (i *image) gpu() string {
	if why := i.base().gpu(); why != "" {
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
				if pair.Key == "NVIDIA_VISIBLE_DEVICES" && pair.Value != "void" && pair.Value != "none" || pair.Key == "FACECRAFT_DEVICE" && strings.HasPrefix(pair.Value, "cuda") {
					return "it sets " + pair.Key + "=" + pair.Value
				}
			}
		}
	}
	return ""
}

// arm tells whether a stage is built for arm64 alone.
func arm(stage *dockerfile.Stage) bool {
	for _, s := range stage.Lineage() {
		if strings.Contains(s.Platform, "arm64") || strings.Contains(s.Platform, "aarch64") {
			return true
		}
	}
	return false
}

// serves tells whether the final image is a server: it exposes a port, or
// starts a known one.
func (i *image) serves() bool {
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
	"rembg": true, "transformers": true, "insightface": true, "diffusers": true, "keras": true, "jax": true, "ultralytics": true, "vllm": true,
}

// models says by what it is known that the image loads models, or "".
func (i *image) models() string {
	for _, stage := range i.Relevant() {
		for _, in := range i.installs(stage) {
			for _, r := range in.requirements {
				if modelPackages[r.Name] || torchFamily[r.Name] || reachesTorch[r.Name] {
					return "it installs " + r.Name
				}
			}
		}
		for _, step := range stage.Steps {
			for _, name := range copied(step) {
				if isModel(name) {
					return "it copies " + name
				}
			}
		}
	}
	if b := i.base(); strings.Contains(b.name, "pytorch") || strings.Contains(b.name, "tensorflow") || b.name == "djok/facecraft" {
		return "its base is " + b.name
	}
	return ""
}

// modelExtensions are those of files with weights.
var modelExtensions = []string{".pth", ".pt", ".onnx", ".dat", ".safetensors", ".ckpt", ".h5", ".tflite", ".gguf", ".caffemodel", ".pb"}

// isModel tells whether a file is one with weights, packed or not.
func isModel(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, packed := range packedExtensions {
		base = strings.TrimSuffix(base, packed)
	}
	for _, ext := range modelExtensions {
		if strings.HasSuffix(base, ext) {
			return true
		}
	}
	return false
}

var packedExtensions = []string{".bz2", ".gz", ".xz", ".zst"}
