package plan

import (
	"fmt"
	"strconv"
	"strings"
)

type answer int

const (
	undecided answer = iota
	suitable
	unsuitable
)

// finding is the answer whether a variant's GPU code can run here.
type finding struct {
	answer  answer
	because string
	remedy  string // of an unsuitable finding
}

// checkGPUs goes through what a GPU variant needs, from the cheapest fact to
// the rarest fault. A variant runs when every GPU that it would get suits it.
func (m *maker) checkGPUs(v Variant) finding {
	gpus := m.facts.GPUs
	switch {
	case !gpus.Known:
		return finding{undecided, "no NVIDIA GPU could be seen: " + gpus.Evidence, ""}
	case len(gpus.Value) == 0:
		return finding{unsuitable, "no NVIDIA GPU: " + gpus.Evidence, "install an NVIDIA GPU and its driver"}
	}
	for _, gpu := range gpus.Value {
		if f := v.GPU.check(gpu, m.facts.Host.OS); f.answer != suitable {
			return f
		}
	}
	gpu := gpus.Value[0]
	toolkit := m.facts.Daemon.NvidiaToolkit
	switch {
	case !toolkit.Known:
		return finding{undecided, fmt.Sprintf("%s is there, but whether Docker can hand it to a container is not: %s",
			gpu.Name, toolkit.Evidence), ""}
	case !toolkit.Value:
		return finding{unsuitable, fmt.Sprintf("%s is there, but Docker cannot hand it to a container: %s",
			gpu.Name, toolkit.Evidence), "install nvidia-container-toolkit and restart Docker"}
	}
	return finding{suitable, fmt.Sprintf("%s, driver %s (%s); %s", gpu.Name, gpu.Driver, gpus.Evidence, toolkit.Evidence), ""}
}

// check holds one GPU against the needs.
func (n *GPUNeeds) check(gpu GPU, hostOS string) finding {
	minDriver := n.MinDriverLinux
	if hostOS == "windows" {
		minDriver = n.MinDriverWindows
	}
	switch {
	case gpu.Driver == "":
		return finding{undecided, fmt.Sprintf("%s has a driver of unknown version", gpu.Name), ""}
	case olderThan(gpu.Driver, minDriver):
		return finding{unsuitable, fmt.Sprintf("%s has driver %s and the image needs %s", gpu.Name, gpu.Driver, minDriver),
			"update the NVIDIA driver to " + minDriver + " or newer"}
	}
	if compute := gpu.ComputeCapability; !compute.Known {
		return finding{undecided, fmt.Sprintf("%s has an unknown compute capability: %s", gpu.Name, compute.Evidence), ""}
	} else if olderThan(compute.Value, n.MinCompute) {
		return finding{unsuitable, fmt.Sprintf("%s is too old: compute capability %s, and the image's PyTorch starts at %s",
			gpu.Name, compute.Value, n.MinCompute), "use a newer GPU"}
	} else if !olderThan(compute.Value, n.BelowCompute) {
		return finding{unsuitable, fmt.Sprintf("%s is too new: compute capability %s, and the image's PyTorch has no code for %s and up",
			gpu.Name, compute.Value, n.BelowCompute), "wait for an image with a newer PyTorch"}
	}
	if gpu.Memory.Known && gpu.Memory.Value < n.MinMemory {
		return finding{unsuitable, fmt.Sprintf("%s has %s of memory and the models need %s",
			gpu.Name, Memory(gpu.Memory.Value), Memory(n.MinMemory)), "use a GPU with more memory"}
	}
	return finding{answer: suitable}
}

// olderThan compares dotted numbers such as driver versions and compute
// capabilities. Parts that are no number count as zero.
func olderThan(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		x, y := part(a, i), part(b, i)
		if x != y {
			return x < y
		}
	}
	return false
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}
