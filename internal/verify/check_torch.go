package verify

import (
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/inventory"
)

var (
	torchVersion = where("/torch/version.py", `(^|/)(site|dist)-packages/torch/version\.py$`)
	torchRelease = regexp.MustCompile(`(?m)^__version__ = '([^']*)'`)
	torchBuild   = regexp.MustCompile(`(?m)^(cuda|hip)(?:: Optional\[str\])? = (?:None|'([^']*)')`)
	torchCUDALib = regexp.MustCompile(`^torch/lib/lib((torch|c10)_cuda|cu|nv|nccl)|^nvidia/|^triton/`)
)

// torchCUDA reads what torch says it was built for. The +cu118 wheels include
// their CUDA libraries, without NVIDIA's packages.
func torchCUDA(s *subject) []result {
	found := s.matching(torchVersion)
	if len(found) == 0 {
		return []result{beside("torch is not installed")}
	}
	if s.variant.Name == "" {
		return []result{unknown(notKnown)}
	}
	var list []result
	for _, node := range found {
		list = append(list, s.torch(node))
	}
	return list
}

func (s *subject) torch(version *inventory.Node) result {
	if version.Facts == nil || version.Facts.Text == "" {
		return unknown("torch/version.py cannot be read").at(version.Path)
	}
	cuda, hip, line := "", "", ""
	for _, m := range torchBuild.FindAllStringSubmatch(version.Facts.Text, -1) {
		switch m[1] {
		case "cuda":
			cuda, line = m[2], m[0]
		case "hip":
			hip = m[2]
		}
	}
	libraries := s.torchLibraries(version)
	torch := "torch"
	if m := torchRelease.FindStringSubmatch(version.Facts.Text); m != nil {
		torch += " " + short(m[1])
	}
	switch {
	case line == "" && len(libraries) > 0:
		if s.variant.Needs.CUDA {
			return pass("%s has CUDA libraries", torch)
		}
		return fail("%s has %s of CUDA libraries in a CPU image", torch, bytes(bytesOf(libraries))).
			with(s.fileLine(libraries[0])).at(version.Path).saving(bytesOf(libraries)).keyed("cuda")
	case line == "":
		return unknown("torch/version.py does not say what torch was built for").at(version.Path)
	case s.variant.Needs.CUDA && cuda == "":
		return fail("%s is built for the CPU, and the image is for GPUs", torch).with(line).at(version.Path).
			remedied("install torch from https://download.pytorch.org/whl/cu118 or newer in the GPU image")
	case s.variant.Needs.CUDA:
		return pass("%s is built for CUDA %s", torch, cuda).with(line)
	case cuda != "":
		r := fail("%s is built for CUDA %s in a CPU image: %s of CUDA libraries", torch, cuda,
			bytes(bytesOf(libraries)))
		return r.with(line).with(s.fileLine(version)).with(some(s.nvidiaPackages(version))...).at(version.Path).
			saving(bytesOf(libraries)).keyed("cuda")
	case hip != "":
		return fail("%s is built for ROCm %s in a CPU image", torch, hip).with("hip = '" + hip + "'").at(version.Path).
			keyed("hip")
	}
	return pass("%s is the CPU build", torch).with(line)
}

// torchLibraries returns the CUDA libraries next to a torch.
func (s *subject) torchLibraries(version *inventory.Node) (list []*inventory.Node) {
	site := strings.TrimSuffix(version.Path, "torch/version.py")
	for node := range s.Files.Below(strings.TrimSuffix(site, "/")) {
		if node.Kind == inventory.File && torchCUDALib.MatchString(strings.TrimPrefix(node.Path, site)) {
			list = append(list, node)
		}
	}
	return list
}

// nvidiaPackages returns the names of NVIDIA's wheels next to a torch.
func (s *subject) nvidiaPackages(version *inventory.Node) (list []string) {
	for name, release := range s.distributions(strings.TrimSuffix(version.Path, "torch/version.py")) {
		if strings.HasPrefix(name, "nvidia-") {
			list = append(list, "package "+name+" "+release)
		}
	}
	slices.Sort(list)
	return list
}
