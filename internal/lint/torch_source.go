package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// torchChoice is the source from which an install gets torch.
type torchChoice int

const (
	fromPyPI      torchChoice = iota // with CUDA
	mayBeCUDA                        // the CPU index in addition to PyPI, which may have a newer version
	fromCPU                          // the build without CUDA
	fromGPU                          // with CUDA, intentionally
	fromElsewhere                    // unknown
)

// torchSource returns which build of torch an install gets, and why.
func torchSource(in repo.Install, i *repo.Image, r repo.Required) (torchChoice, string) {
	switch local := r.LocalVersion(); {
	case strings.HasPrefix(local, "cu") || strings.HasPrefix(local, "rocm") || strings.HasPrefix(local, "xpu"):
		return fromGPU, ""
	case local == "cpu":
		return fromCPU, "" // without its index, the install would fail
	case r.URL != "" && strings.Contains(r.URL, "/whl/cpu"), in.CPUBackend:
		return fromCPU, ""
	case r.URL != "" && repo.TorchFamily[r.Name]:
		return fromElsewhere, "it is downloaded from its own address"
	case in.GPUBackend:
		return fromGPU, ""
	}
	if index := in.Indexes["torch"]; in.Tool == "uv" && index != "" {
		switch {
		case strings.Contains(index, "/whl/cpu"):
			return fromCPU, ""
		case strings.Contains(index, "/whl/"):
			return fromGPU, ""
		}
		return fromElsewhere, "the index " + index + " decides"
	}
	if value, _ := in.Step.Getenv("UV_TORCH_BACKEND"); value == "cpu" && in.Tool == "uv" {
		return fromCPU, ""
	}
	if choice, why, ok := torchFromIndex(in, r); ok {
		return choice, why
	}
	switch config, text := indexConfigured(i, in); {
	case strings.Contains(text, "whl/cpu"):
		return fromCPU, ""
	case config != "":
		return fromElsewhere, config + " may name another index"
	}
	if contains(in.Links, "whl/cpu") {
		return fromPyPI, "PyTorch comes with CUDA: -f does not read the CPU index"
	}
	if !i.Base().Known() && in.Verb == "install" && in.Step.Stage.Root() != "scratch" &&
		!requiresAny(in, repo.TorchFamily) {
		return fromElsewhere, "the base image may have torch already"
	}
	return fromPyPI, "PyTorch comes with CUDA: no index for the CPU build is set"
}

func torchFromIndex(in repo.Install, r repo.Required) (torchChoice, string, bool) {
	all := append(append([]string{}, in.Index...), in.Extra...)
	switch {
	case contains(in.Index, "whl/cpu"):
		return fromCPU, "", true
	case contains(all, "/whl/cu") && !contains(all, "/whl/cpu"), contains(all, "/whl/rocm"), contains(all, "/whl/xpu"):
		return fromGPU, "", true
	case contains(in.Extra, "whl/cpu") && (r.Pinned() != "" || in.Tool == "uv"):
		return fromCPU, "", true // ==2.0.1 prefers 2.0.1+cpu; uv takes the extra index first
	case contains(in.Extra, "whl/cpu"):
		return mayBeCUDA, "PyTorch may come with CUDA: the version is open, and PyPI may have a newer one than the CPU index",
			true
	case contains(all, shell.Unknown):
		return fromElsewhere, "the index is not known before the build", true
	case len(in.Index) > 0 && !contains(in.Index, "pypi.org"):
		return fromElsewhere, "the index " + in.Index[len(in.Index)-1] + " decides", true
	}
	return 0, "", false
}

func contains(list []string, part string) bool {
	return slices.ContainsFunc(list, func(item string) bool { return strings.Contains(item, part) })
}

// indexConfigured returns the name and the text of a file or command before an
// install that configures pip's index.
func indexConfigured(i *repo.Image, in repo.Install) (name, text string) {
	for _, step := range in.Step.Stage.Chain() {
		for _, file := range repo.Copied(step) {
			if strings.HasSuffix(file, "pip.conf") || strings.HasSuffix(file, "uv.toml") {
				data, _ := i.Repo.Tree.Read(path.Join(i.Context.Dir, file))
				name, text = file, string(data)
			}
		}
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			if c == in.Cmd {
				return name, text
			}
			if strings.HasPrefix(c.Name(), "pip") && c.Has("config") && c.Has("set") {
				name, text = "pip config set", c.Words[len(c.Words)-1].Text
			}
		}
	}
	return name, text
}

// cpuFix adds the CPU index if that is certain to give the same versions: all of
// PyTorch's packages are pinned, or nothing else is installed.
func cpuFix(in repo.Install) []source.Edit {
	if in.Step.Script.Exec || in.Verb == "sync" || in.Verb == "add" || len(in.Index) > 0 || len(in.Unresolved) > 0 ||
		contains(in.Links, "whl/") {
		return nil
	}
	torch, pinned, only := false, true, len(in.Editable) == 0
	for _, r := range in.Requirements {
		switch {
		case repo.TorchFamily[r.Name]:
			torch = torch || r.Name == "torch"
			pinned = pinned && in.Pin(r).Pinned() != ""
		default:
			only = false
		}
	}
	option := ""
	switch {
	case torch && pinned:
		option = " --extra-index-url " + cpuIndex
	case torch && only:
		option = " --index-url " + cpuIndex
	default:
		return nil
	}
	at := in.Step.Script.Offset(in.VerbWord.To-1) + 1
	return []source.Edit{{File: in.Step.Stage.File.Name, From: at, To: at, New: option}}
}
