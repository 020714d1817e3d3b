package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/format"
)

// AllGPUs requests every GPU, suitable or not.
const AllGPUs = "all"

// checkGPUs checks what a GPU variant needs, the most likely problem first.
func (f Facts) checkGPUs(needs *GPUNeeds, asked []string) Verdict {
	if !f.GPUs.Known || len(f.GPUs.Value) == 0 {
		return f.judgeUnseen(asked)
	}
	verdict, chosen := f.chooseGPUs(needs, asked)
	if verdict.Answer != Suitable {
		return verdict
	}
	names := gpuNames(chosen)
	access := f.gpuAccess()
	switch {
	case !access.Known:
		verdict.Answer, verdict.Remedy = Undecided, "run facecraft doctor, which tests GPU access in a container"
		verdict.Because = fmt.Sprintf("%s is present, but it is unknown whether Docker can pass it to a container: %s", names,
			access.Evidence)
	case !access.Value:
		verdict.Answer, verdict.Remedy = Unsuitable, f.ToolkitRemedy()
		verdict.Because = fmt.Sprintf("%s is present, but Docker cannot pass it to a container: %s", names, access.Evidence)
	default:
		verdict.Because = fmt.Sprintf("%s, driver %s (%s); %s", names, chosen[0].Driver, f.GPUs.Evidence, access.Evidence)
	}
	return verdict
}

// judgeUnseen decides what is possible when nvidia-smi lists no GPU.
func (f Facts) judgeUnseen(asked []string) Verdict {
	verdict := Verdict{Answer: Unsuitable, Because: "no NVIDIA GPU: " + f.GPUs.Evidence, Remedy: f.GPURemedy()}
	proof := f.Daemon.GPUProof
	switch {
	case f.GPUs.Known && f.nvidiaOnBus():
		verdict.Because = "an NVIDIA card is present, but its driver is not working: " + f.GPUs.Evidence
	case f.GPUs.Known:
	case proof.Known && !proof.Value:
		verdict.Because += "; and " + proof.Evidence
	default:
		verdict.Answer, verdict.GPUs = Undecided, ids(asked)
		verdict.Because = "no NVIDIA GPU could be detected: " + f.GPUs.Evidence
		if proof.Known {
			verdict.Because = proof.Evidence + ", but the GPU's model is unknown: " + f.GPUs.Evidence
		}
	}
	return verdict
}

// gpuAccess is the best available answer to whether a container gets a GPU.
func (f Facts) gpuAccess() Fact[bool] {
	if f.Daemon.GPUProof.Known {
		return f.Daemon.GPUProof
	}
	return f.Daemon.NvidiaToolkit
}

// chooseGPUs returns the requested GPUs, all of which must be suitable, or else
// every suitable GPU.
func (f Facts) chooseGPUs(needs *GPUNeeds, asked []string) (Verdict, []GPU) {
	verdict := Verdict{Answer: Suitable, GPUs: ids(asked)}
	var chosen []GPU
	var refused []Verdict
	for _, gpu := range f.GPUs.Value {
		if verdict.GPUs != nil && !gpu.among(asked) {
			continue
		}
		found := f.JudgeGPU(needs, gpu.only(asked))
		if found.Answer == Suitable {
			chosen = append(chosen, gpu)
			verdict.Advice = append(verdict.Advice, found.Advice...)
		} else {
			refused = append(refused, found)
		}
	}
	if len(refused) == 0 {
		return verdict, chosen
	}
	if len(chosen) == 0 || len(asked) > 0 {
		// Among the requested GPUs, an unsuitable one decides; otherwise an
		// undecided one.
		decisive := Undecided
		if len(asked) > 0 {
			decisive = Unsuitable
		}
		i := max(0, slices.IndexFunc(refused, func(v Verdict) bool { return v.Answer == decisive }))
		refused[i].GPUs = ids(asked)
		return refused[i], nil
	}
	for _, gpu := range chosen {
		verdict.GPUs = append(verdict.GPUs, gpu.deviceIDs()...)
	}
	for _, left := range refused {
		verdict.Advice = append(verdict.Advice, Advice{Fact: "one GPU is not used: " + left.Because})
	}
	return verdict, chosen
}

// windowsDriver reports whether this is the Windows driver, which has its own
// version numbers.
func (f Facts) windowsDriver() bool {
	return f.Host.OS == "windows" || f.Host.WSL.Known && f.Host.WSL.Value
}

// ids returns device IDs for a request; an empty list means all.
func ids(asked []string) []string {
	if slices.Contains(asked, AllGPUs) {
		return nil
	}
	return asked
}

// among reports whether the GPU, or one of its slices, was requested.
func (g GPU) among(asked []string) bool {
	return slices.ContainsFunc(asked, func(id string) bool {
		return id == strconv.Itoa(g.Index) || id == g.UUID ||
			slices.ContainsFunc(g.Slices.Value, func(s Slice) bool { return s.UUID == id })
	})
}

// only drops the slices that were not requested.
func (g GPU) only(asked []string) GPU {
	named := slices.DeleteFunc(slices.Clone(g.Slices.Value), func(s Slice) bool { return !slices.Contains(asked, s.UUID) })
	if len(named) > 0 {
		g.Slices.Value = named
	}
	return g
}

// deviceIDs returns the IDs for a device request: UUIDs, because indexes may
// change on reboot.
func (g GPU) deviceIDs() []string {
	var list []string
	for _, slice := range g.Slices.Value {
		list = append(list, slice.UUID)
	}
	switch {
	case list != nil:
		return list
	case g.UUID == "":
		return []string{strconv.Itoa(g.Index)}
	}
	return []string{g.UUID}
}

func gpuNames(gpus []GPU) string {
	counts := map[string]int{}
	var names []string
	for _, gpu := range gpus {
		if counts[gpu.Name]++; counts[gpu.Name] == 1 {
			names = append(names, gpu.Name)
		}
	}
	for i, name := range names {
		if n := counts[name]; n > 1 {
			names[i] = fmt.Sprintf("%d × %s", n, name)
		}
	}
	return strings.Join(names, ", ")
}

func (n *GPUNeeds) driver(windows bool) DriverNeeds {
	if windows {
		return n.DriverWindows
	}
	return n.DriverLinux
}

// JudgeGPU checks one GPU against a variant's needs.
func (f Facts) JudgeGPU(needs *GPUNeeds, gpu GPU) Verdict {
	verdict := needs.check(gpu, f.windowsDriver())
	if verdict.Answer != Suitable && verdict.Remedy == "" {
		verdict.Remedy = f.DriverRemedy(needs.driver(f.windowsDriver()).Advised)
		if !gpu.ComputeCapability.Known {
			verdict.Remedy += ", if that still supports the GPU"
		}
	}
	return verdict
}

// check leaves the driver remedy to JudgeGPU, which knows the machine.
func (n *GPUNeeds) check(gpu GPU, windows bool) Verdict {
	verdict := Verdict{Answer: Suitable}
	not := func(answer Answer, remedy, format string, args ...any) Verdict {
		return Verdict{Answer: answer, Because: gpu.Name + " " + fmt.Sprintf(format, args...), Remedy: remedy}
	}
	driver := n.driver(windows)
	switch {
	case gpu.Driver == "":
		return not(Undecided, "", "has an unknown driver version")
	case olderThan(gpu.Driver, driver.Needed) && (windows || !n.admits(gpu)):
		return not(Unsuitable, "", "has driver %s and the image needs %s", gpu.Driver, driver.Needed)
	case olderThan(gpu.Driver, driver.Advised) && !n.dataCentre(gpu):
		verdict.Advice = append(verdict.Advice, Advice{
			fmt.Sprintf("%s has driver %s: below %s CUDA may refuse it (Error 804)", gpu.Name, gpu.Driver, driver.Advised),
			"if it does, update the driver"})
	}
	compute := gpu.ComputeCapability
	switch {
	case !compute.Known:
		return not(Undecided, "", "has an unknown compute capability: %s", compute.Evidence)
	case olderThan(compute.Value, n.MinCompute):
		return not(Unsuitable, "use a newer GPU", "is too old: compute capability %s, and the image's PyTorch starts at %s",
			compute.Value, n.MinCompute)
	case !olderThan(compute.Value, n.BelowCompute):
		return not(Unsuitable, "wait for an image with a newer PyTorch",
			"is too new: compute capability %s, and the image's PyTorch has no code for %s and up", compute.Value,
			n.BelowCompute)
	}
	memory := gpu.Memory
	if gpu.MIG.Known && gpu.MIG.Value {
		switch {
		case !gpu.Slices.Known:
			return not(Undecided, "nvidia-smi -L lists its slices", "is partitioned (MIG), but its slices are unknown: %s",
				gpu.Slices.Evidence)
		case len(gpu.Slices.Value) == 0:
			return not(Unsuitable, fmt.Sprintf("create slices, or turn MIG off: sudo nvidia-smi -i %d -mig 0", gpu.Index),
				"has MIG enabled but no slices, so programs see no GPU")
		}
		memory = smallest(gpu.Slices.Value)
	}
	if memory.Known && memory.Value < n.MinMemory {
		return not(Unsuitable, "use a GPU with more memory", "has %s of memory and the models need %s",
			format.Memory(memory.Value), format.Memory(n.MinMemory))
	}
	if free := gpu.FreeMemory; free.Known && free.Value < n.MinMemory && !gpu.MIG.Value {
		verdict.Advice = append(verdict.Advice, Advice{
			fmt.Sprintf("%s has %s of memory free and the models need %s", gpu.Name, format.Memory(free.Value),
				format.Memory(n.MinMemory)),
			"nvidia-smi shows what uses it"})
	}
	return verdict
}

func smallest(list []Slice) Fact[int64] {
	least := slices.MinFunc(list, func(a, b Slice) int { return int(a.Memory>>20 - b.Memory>>20) })
	return Known(least.Memory, "the MIG profile "+least.Profile)
}

// admits reports whether the image accepts this old driver: some branches, on
// data-centre cards.
func (n *GPUNeeds) admits(gpu GPU) bool {
	branch, _, _ := strings.Cut(gpu.Driver, ".")
	return n.dataCentre(gpu) && slices.Contains(n.CompatBranches, branch)
}

// dataCentre decides by the model name, such as "NVIDIA A100-SXM4-40GB".
func (n *GPUNeeds) dataCentre(gpu GPU) bool {
	model := strings.FieldsFunc(strings.TrimPrefix(gpu.Name, "NVIDIA "), func(r rune) bool { return r == ' ' || r == '-' })
	return len(model) > 0 && slices.Contains(n.CompatCards, model[0])
}

// olderThan compares dotted numbers such as driver versions and compute
// capabilities. Parts that are not numbers count as zero.
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
