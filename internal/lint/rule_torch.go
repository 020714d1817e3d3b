package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// cpuIndex is where PyTorch's builds without CUDA are.
const cpuIndex = "https://download.pytorch.org/whl/cpu"

// torchRule finds a CPU image that gets PyTorch with CUDA: torch-cuda.
func torchRule(j *judge) {
	for _, i := range j.Images {
		if i.GPU() != "" {
			continue
		}
		done := map[*dockerfile.Stage]bool{} // stages that have the CPU build
		for _, stage := range i.Relevant() {
			done[stage] = stage.Parent != nil && done[stage.Parent]
			for _, in := range i.Installs(stage) {
				j.torch(i, in, done)
			}
		}
	}
}

func (j *judge) torch(i *repo.Image, in repo.Install, done map[*dockerfile.Stage]bool) {
	stage := in.Step.Stage
	if in.NoDeps && !requiresAny(in, repo.TorchFamily) || in.NoIndex || in.Verb == "uninstall" || repo.Arm(stage) {
		return
	}
	r, ok := torchRequirement(in)
	where := in.Step.Script.Location(in.Cmd.From, in.Cmd.To)
	if !ok {
		if len(in.Unresolved) > 0 {
			j.unknown("torch-cuda", where, "whether it installs torch is not known: %s", strings.Join(in.Unresolved, "; ")).
				about(in.Step)
		}
		return
	}
	choice, why := torchSource(in, i, r)
	switch {
	case choice == fromCPU:
		done[stage] = done[stage] || in.Verb != "wheel" && in.Verb != "download"
		return
	case done[stage] && !in.Upgrade && in.Verb != "wheel" && in.Verb != "download":
		return
	case choice == fromElsewhere:
		j.unknown("torch-cuda", where, "which build of torch it gets is not known: %s", why).about(in.Step)
		return
	case choice == fromGPU:
		return
	}
	f := j.fail("torch-cuda", where, "%s", why).about(in.Step)
	addRequirement(in, f, r)
	if choice == mayBeCUDA {
		f.severity(finding.Warning)
		return
	}
	f.SavesBytes = 2_500_000_000
	f.fix(cpuFix(in)...)
}

// addRequirement says by which requirement torch is reached.
func addRequirement(in repo.Install, f *found, r repo.Required) {
	if r.File != nil {
		at := r.At(in)
		f.evidence("%s: %s", at.String(), r.String())
	}
	if !repo.TorchFamily[r.Name] {
		f.evidence("%s requires torch", r.Name)
	}
}

func requiresAny(in repo.Install, names map[string]bool) bool {
	for _, r := range in.Requirements {
		if names[r.Name] {
			return true
		}
	}
	return false
}

// torchRequirement is the requirement by which torch is installed: torch itself before
// its relatives, and those before what requires it.
func torchRequirement(in repo.Install) (repo.Required, bool) {
	var best repo.Required
	rank := 0
	for _, r := range in.Requirements {
		n := 0
		switch {
		case r.Applies("x86_64") == python.No:
		case r.Name == "torch":
			n = 3
		case repo.TorchFamily[r.Name]:
			n = 2
		case repo.ReachesTorch[r.Name] || r.Name == "transformers" && slices.Contains(r.Extras, "torch"):
			n = 1
		}
		if n > rank {
			best, rank = in.Pin(r), n
		}
	}
	return best, rank > 0
}

// torchChoice is where an install gets torch from.
type torchChoice int

const (
	fromPyPI      torchChoice = iota // with CUDA
	mayBeCUDA                        // the CPU index beside PyPI, and PyPI may have a newer one
	fromCPU                          // the build without CUDA
	fromGPU                          // CUDA on purpose
	fromElsewhere                    // nobody knows
)

// torchSource tells which build an install gets, and why.
func torchSource(in repo.Install, i *repo.Image, r repo.Required) (torchChoice, string) {
	switch local := r.LocalVersion(); {
	case strings.HasPrefix(local, "cu") || strings.HasPrefix(local, "rocm") || strings.HasPrefix(local, "xpu"):
		return fromGPU, ""
	case local == "cpu":
		return fromCPU, "" // without its index, it is not found at all
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
	return fromPyPI, "PyTorch comes with CUDA: no index for the CPU build is given"
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
	for _, item := range list {
		if strings.Contains(item, part) {
			return true
		}
	}
	return false
}

// indexConfigured names a file or command before an install that sets pip's index,
// with what it says.
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

// cpuFix adds the CPU index where that is sure to give the same versions: all
// of PyTorch's packages are pinned, or nothing else is installed.
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
