package lint

import (
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/repo"
)

// cpuIndex is the index of PyTorch's builds without CUDA.
const cpuIndex = "https://download.pytorch.org/whl/cpu"

// torchRule finds CPU images that get PyTorch with CUDA: torch-cuda.
func torchRule(j *judge) {
	for _, i := range j.Images {
		if i.GPU() != "" {
			continue
		}
		done := map[*dockerfile.Stage]bool{} // stages that contain the CPU build
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

// addRequirement adds as evidence the requirement that brings torch.
func addRequirement(in repo.Install, f *draft, r repo.Required) {
	if r.File != nil {
		at := r.At(in)
		f.evidence("%s: %s", at.String(), r.String())
	}
	if !repo.TorchFamily[r.Name] {
		f.evidence("%s requires torch", r.Name)
	}
}

func requiresAny(in repo.Install, names map[string]bool) bool {
	return slices.ContainsFunc(in.Requirements, func(r repo.Required) bool { return names[r.Name] })
}

// torchRequirement returns the requirement that installs torch: preferably torch
// itself, then its relatives, then packages that depend on it.
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
