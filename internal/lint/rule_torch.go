package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// cpuIndex is where PyTorch's builds without CUDA are.
const cpuIndex = "https://download.pytorch.org/whl/cpu"

// torchFamily are the packages of that index which come in a CPU build.
var torchFamily = map[string]bool{"torch": true, "torchvision": true, "torchaudio": true}

// reachesTorch are packages that require torch.
var reachesTorch = map[string]bool{
	"facexlib": true, "basicsr": true, "kornia": true, "lpips": true, "realesrgan": true, "gfpgan": true, "timm": true,
	"torchmetrics": true, "pytorch-lightning": true, "lightning": true, "accelerate": true, "ultralytics": true,
	"easyocr": true, "sentence-transformers": true, "openai-whisper": true, "facenet-pytorch": true, "torchsde": true,
	"open-clip-torch": true, "segment-anything": true, "vllm": true, "docling": true,
}

// torchRule finds a CPU image that gets PyTorch with CUDA: torch-cuda.
func torchRule(j *judge) {
	for _, i := range j.images {
		if i.gpu() != "" {
			continue
		}
		done := map[*dockerfile.Stage]bool{} // stages that have the CPU build
		for _, stage := range i.Relevant() {
			done[stage] = stage.Parent != nil && done[stage.Parent]
			for _, in := range i.installs(stage) {
				j.torch(i, in, done)
			}
		}
	}
}

func (j *judge) torch(i *image, in install, done map[*dockerfile.Stage]bool) {
	stage := in.step.Stage
	if in.NoDeps && !in.names(torchFamily) || in.NoIndex || in.Verb == "uninstall" || arm(stage) {
		return
	}
	r, ok := in.reaches()
	where := in.step.Script.Location(in.cmd.From, in.cmd.To)
	if !ok {
		if len(in.unresolved) > 0 {
			j.unknown("torch-cuda", where, "whether it installs torch is not known: %s", strings.Join(in.unresolved, "; ")).about(in.step)
		}
		return
	}
	choice, why := in.torchSource(i, r)
	switch {
	case choice == fromCPU:
		done[stage] = done[stage] || in.Verb != "wheel" && in.Verb != "download"
		return
	case done[stage] && !in.Upgrade && in.Verb != "wheel" && in.Verb != "download":
		return
	case choice == fromElsewhere:
		j.unknown("torch-cuda", where, "which build of torch it gets is not known: %s", why).about(in.step)
		return
	case choice == fromGPU:
		return
	}
	f := j.fail("torch-cuda", where, "%s", why).about(in.step)
	in.tell(f, r)
	if choice == mayBeCUDA {
		f.severity(finding.Warning)
		return
	}
	f.SavesBytes = 2_500_000_000
	f.fix(in.cpuFix()...)
}

// tell says by which requirement torch is reached.
func (in install) tell(f *found, r required) {
	if r.file != nil {
		at := r.at(in)
		f.evidence("%s: %s", at.String(), r.String())
	}
	if !torchFamily[r.Name] {
		f.evidence("%s requires torch", r.Name)
	}
}

func (in install) names(names map[string]bool) bool {
	for _, r := range in.requirements {
		if names[r.Name] {
			return true
		}
	}
	return false
}

// reaches is the requirement by which torch is installed: torch itself before
// its relatives, and those before what requires it.
func (in install) reaches() (required, bool) {
	var best required
	rank := 0
	for _, r := range in.requirements {
		n := 0
		switch {
		case r.Applies("x86_64") == python.No:
		case r.Name == "torch":
			n = 3
		case torchFamily[r.Name]:
			n = 2
		case reachesTorch[r.Name] || r.Name == "transformers" && slices.Contains(r.Extras, "torch"):
			n = 1
		}
		if n > rank {
			best, rank = in.pin(r), n
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
func (in install) torchSource(i *image, r required) (torchChoice, string) {
	switch local := r.LocalVersion(); {
	case strings.HasPrefix(local, "cu") || strings.HasPrefix(local, "rocm") || strings.HasPrefix(local, "xpu"):
		return fromGPU, ""
	case local == "cpu":
		return fromCPU, "" // without its index, it is not found at all
	case r.URL != "" && strings.Contains(r.URL, "/whl/cpu"), in.CPUBackend:
		return fromCPU, ""
	case r.URL != "" && torchFamily[r.Name]:
		return fromElsewhere, "it is downloaded from its own address"
	case in.GPUBackend:
		return fromGPU, ""
	}
	if index := in.indexes["torch"]; in.Tool == "uv" && index != "" {
		switch {
		case strings.Contains(index, "/whl/cpu"):
			return fromCPU, ""
		case strings.Contains(index, "/whl/"):
			return fromGPU, ""
		}
		return fromElsewhere, "the index " + index + " decides"
	}
	if value, _ := in.step.Getenv("UV_TORCH_BACKEND"); value == "cpu" && in.Tool == "uv" {
		return fromCPU, ""
	}
	if choice, why, ok := in.byIndex(r); ok {
		return choice, why
	}
	switch config, text := i.configured(in); {
	case strings.Contains(text, "whl/cpu"):
		return fromCPU, ""
	case config != "":
		return fromElsewhere, config + " may name another index"
	}
	if contains(in.links, "whl/cpu") {
		return fromPyPI, "PyTorch comes with CUDA: -f does not read the CPU index"
	}
	if !i.base().known() && in.Verb == "install" && in.step.Stage.Root() != "scratch" && !in.names(torchFamily) {
		return fromElsewhere, "the base image may have torch already"
	}
	return fromPyPI, "PyTorch comes with CUDA: no index for the CPU build is given"
}

func (in install) byIndex(r required) (torchChoice, string, bool) {
	all := append(append([]string{}, in.index...), in.extra...)
	switch {
	case contains(in.index, "whl/cpu"):
		return fromCPU, "", true
	case contains(all, "/whl/cu") && !contains(all, "/whl/cpu"), contains(all, "/whl/rocm"), contains(all, "/whl/xpu"):
		return fromGPU, "", true
	case contains(in.extra, "whl/cpu") && (r.Pinned() != "" || in.Tool == "uv"):
		return fromCPU, "", true // ==2.0.1 prefers 2.0.1+cpu; uv takes the extra index first
	case contains(in.extra, "whl/cpu"):
		return mayBeCUDA, "PyTorch may come with CUDA: the version is open, and PyPI may have a newer one than the CPU index", true
	case contains(all, shell.Unknown):
		return fromElsewhere, "the index is not known before the build", true
	case len(in.index) > 0 && !contains(in.index, "pypi.org"):
		return fromElsewhere, "the index " + in.index[len(in.index)-1] + " decides", true
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

// configured names a file or command before an install that sets pip's index,
// with what it says.
func (i *image) configured(in install) (name, text string) {
	for _, step := range in.step.Stage.Chain() {
		for _, file := range copied(step) {
			if strings.HasSuffix(file, "pip.conf") || strings.HasSuffix(file, "uv.toml") {
				data, _ := i.repo.tree.Read(path.Join(i.context.Dir, file))
				name, text = file, string(data)
			}
		}
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			if c == in.cmd {
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
func (in install) cpuFix() []source.Edit {
	if in.step.Script.Exec || in.Verb == "sync" || in.Verb == "add" || len(in.index) > 0 || len(in.unresolved) > 0 || contains(in.links, "whl/") {
		return nil
	}
	torch, pinned, only := false, true, len(in.Editable) == 0
	for _, r := range in.requirements {
		switch {
		case torchFamily[r.Name]:
			torch = torch || r.Name == "torch"
			pinned = pinned && in.pin(r).Pinned() != ""
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
	at := in.step.Script.Offset(in.VerbWord.To-1) + 1
	return []source.Edit{{File: in.step.Stage.File.Name, From: at, To: at, New: option}}
}
