package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
)

// docker examines the daemon, and reports whether there is one.
func (x *examination) docker(unreachable error) bool {
	x.section = "Docker"
	d := x.facts.Daemon
	if unreachable != nil {
		what, cause := unreachable.Error(), ""
		var f *fault.Fault
		if errors.As(unreachable, &f) {
			if what = f.What; f.Cause != nil {
				cause = f.Cause.Error()
			}
		}
		x.find("daemon", Red, what, cause, fault.HintOf(unreachable))
		return false
	}
	if !d.Version.Known {
		x.find("daemon", Red, "Docker responds, but docker info failed", d.Version.Evidence, "restart Docker")
		return false
	}
	kind := "unknown Docker"
	if d.Kind.Known {
		kind = d.Kind.Value
	}
	title := kind + " " + d.Version.Value
	if d.Local.Known && !d.Local.Value {
		title += ", on another machine"
	}
	x.find("daemon", Green, title, d.Endpoint, "")
	x.platform()
	x.memory()
	x.disk()
	x.downloads()
	x.pitfalls()
	x.isolation()
	return true
}

// isolation reports how containers are isolated from the host, which affects
// what they can write.
func (x *examination) isolation() {
	d := x.facts.Daemon
	level, title := Unknown, "unknown cgroup version"
	if d.Cgroup.Known {
		level, title = Green, "cgroup v"+d.Cgroup.Value
	}
	for _, option := range []struct {
		name string
		on   bool
	}{{"rootless", d.Kind.Value == plan.KindRootless}, {"SELinux", d.SELinux.Value},
		{"user namespaces", d.UserNamespaces.Value}} {
		if option.on {
			title += ", " + option.name
		}
	}
	x.find("isolation", level, title, d.Cgroup.Evidence, "")
}

func (x *examination) platform() {
	d := x.facts.Daemon
	title := fmt.Sprintf("%s/%s, %s", d.OS.Value, d.Arch.Value, format.Count(d.CPUs.Value, "processor", "processors"))
	if d.WSL.Value {
		title += ", WSL 2"
	}
	x.find("platform", Green, title, d.Arch.Evidence, "")
}

// smallest is the least demanding pulled image: the minimum that makes a
// machine useful.
func (x *examination) smallest() plan.Variant {
	var pulled []plan.Variant
	for _, v := range x.catalogue.Variants {
		if !v.BuiltIn {
			pulled = append(pulled, v)
		}
	}
	return slices.MinFunc(pulled, func(a, b plan.Variant) int { return int(a.UnpackedSize>>20 - b.UnpackedSize>>20) })
}

func (x *examination) memory() {
	total, free := x.facts.Daemon.Memory, x.facts.Daemon.FreeMemory
	if !total.Known {
		x.unknown("memory", total.Evidence, "")
		return
	}
	title, evidence := format.Memory(total.Value), total.Evidence
	if free.Known {
		title += ", " + format.Memory(free.Value) + " free"
		evidence += ", " + free.Evidence
	}
	if needed := x.smallest().MemoryNeeded; total.Value < needed {
		x.find("memory", Amber, title+": not enough for the models, which need "+format.Memory(needed), evidence,
			x.facts.MemoryRemedy(needed))
		return
	}
	x.find("memory", Green, title, evidence, "")
}

func (x *examination) disk() {
	free := x.facts.Daemon.DiskFree
	if !free.Known {
		x.unknown("disk", free.Evidence, "")
		return
	}
	title := format.Size(free.Value) + " free"
	if dir := x.facts.Daemon.ImageDir; dir.Known {
		title += " at " + dir.Value
	}
	if smallest := x.smallest(); free.Value < smallest.UnpackedSize &&
		!x.facts.Daemon.HasImage(x.catalogue.Reference(smallest)) {
		x.find("disk", Amber, title+": not enough for any image with models", free.Evidence, x.facts.DiskRemedy())
		return
	}
	x.find("disk", Green, title, free.Evidence, "")
}

// pitfalls tells what is wrong with the images that are available locally.
func (x *examination) pitfalls() {
	for _, image := range x.facts.Images {
		fix := "facecraft verify " + image.Image
		switch n := len(image.Pitfalls); n {
		case 0:
			x.find("image", Green, image.Image+" has no pitfall that matters here", "its files", "")
		case 1:
			x.find("image", Amber, image.Image+": "+image.Pitfalls[0], "its files", fix)
		default:
			x.find("image", Amber, fmt.Sprintf("%s: %s, and %d more", image.Image, image.Pitfalls[0], n-1), "its files", fix)
		}
	}
}

// downloads tells how images come here, and what broken pulls left.
func (x *examination) downloads() {
	d := x.facts.Downloads
	if d == nil {
		return
	}
	title := "by facecraft, several connections at once"
	if !d.Direct.Value {
		title = "by Docker itself"
	}
	if d.Kept == 0 {
		x.find("downloads", Green, title, d.Direct.Evidence, "")
		return
	}
	x.find("downloads", Green, fmt.Sprintf("%s; %s unfinished in %s", title, format.Size(d.Kept), d.Dir),
		d.Direct.Evidence,
		"facecraft pull resumes it; facecraft pull --forget deletes it")
}

// machine examines the computer that this program runs on.
func (x *examination) machine() {
	x.section = "Machine"
	h := x.facts.Host
	name, evidence := h.OS, "this program"
	if known, ok := map[string]string{"darwin": "macOS", "windows": "Windows"}[h.OS]; ok {
		name = known
	}
	if h.Distro.Known {
		name, evidence = h.Distro.Value.Name, h.Distro.Evidence
	}
	title := fmt.Sprintf("%s, %s/%s", name, h.OS, h.Arch)
	if h.WSL.Value {
		title += ", WSL"
	}
	x.find("system", Green, title, evidence, "")
	if !h.Memory.Known {
		x.unknown("memory", h.Memory.Evidence, "")
		return
	}
	title = format.Memory(h.Memory.Value)
	if h.FreeMemory.Known {
		title += ", " + format.Memory(h.FreeMemory.Value) + " free"
	}
	x.find("memory", Green, title, h.Memory.Evidence, "")
}

// gpu examines the NVIDIA GPUs and whether containers can use them.
func (x *examination) gpu() {
	x.section = "GPU"
	gpus := x.facts.GPUs
	if len(gpus.Value) == 0 {
		x.noGPU()
		return
	}
	needs := x.gpuVariant().GPU
	for _, gpu := range gpus.Value {
		level, evidence, remedy := Green, gpus.Evidence, ""
		switch v := x.facts.JudgeGPU(needs, gpu); {
		case v.Answer == plan.Undecided:
			level, evidence, remedy = Unknown, v.Because, v.Remedy
		case v.Answer == plan.Unsuitable:
			level, evidence, remedy = Amber, v.Because, v.Remedy
		case len(v.Advice) > 0:
			level, evidence, remedy = Amber, v.Advice[0].Fact, v.Advice[0].Remedy
		}
		x.find(fmt.Sprintf("GPU %d", gpu.Index), level, gpuTitle(gpu), evidence, remedy)
	}
	title := gpus.Value[0].Driver
	if cuda := x.facts.Host.CUDA; cuda.Known {
		title += ", up to CUDA " + cuda.Value
	}
	x.find("driver", Green, title, gpus.Evidence, "")
	x.toolkit()
	x.proof()
}

func (x *examination) gpuVariant() plan.Variant {
	i := slices.IndexFunc(x.catalogue.Variants, func(v plan.Variant) bool { return v.GPU != nil })
	return x.catalogue.Variants[i]
}

func gpuTitle(gpu plan.GPU) string {
	title := gpu.Name
	if gpu.Memory.Known {
		title += ", " + format.Memory(gpu.Memory.Value)
	}
	if gpu.FreeMemory.Known {
		title += " (" + format.Memory(gpu.FreeMemory.Value) + " free)"
	}
	if gpu.ComputeCapability.Known {
		title += ", compute " + gpu.ComputeCapability.Value
	}
	if gpu.MIG.Value {
		title += fmt.Sprintf(", MIG with %d slices", len(gpu.Slices.Value))
	}
	return title
}

// noGPU distinguishes a machine without an NVIDIA GPU from one with a failing
// driver.
func (x *examination) noGPU() {
	gpus, cards := x.facts.GPUs, x.facts.Host.GraphicsCards
	switch proof := x.facts.Daemon.GPUProof; {
	case x.facts.GPUSeemsPresent() && gpus.Known:
		x.find("GPU", Amber, "NVIDIA card without a working driver", gpus.Evidence, x.facts.GPURemedy())
	case x.facts.GPUSeemsPresent():
		x.find("GPU", Red, "NVIDIA's driver fails", gpus.Evidence, x.facts.GPURemedy())
	case !gpus.Known && proof.Known && proof.Value:
		x.find("GPU", Unknown, "containers get a GPU of unknown model", proof.Evidence+"; "+gpus.Evidence, "")
	case !gpus.Known && proof.Known:
		x.find("GPU", Green, "containers get no GPU; none is needed", proof.Evidence, "")
	case !gpus.Known:
		x.unknown("GPU", gpus.Evidence, "")
	case len(cards.Value) > 0:
		x.find("GPU", Green, "no NVIDIA GPU (found "+strings.Join(cards.Value, ", ")+")", gpus.Evidence, "")
	default:
		x.find("GPU", Green, "no NVIDIA GPU; none is needed", gpus.Evidence, "")
	}
}

// toolkit reports what is installed; proof reports whether it works.
func (x *examination) toolkit() {
	var parts []string
	for _, tool := range x.facts.Host.Toolkit.Value {
		parts = append(parts, strings.TrimSpace(tool.Name+" "+tool.Version))
	}
	parts = append(parts, x.facts.Host.CDISpecs.Value...)
	switch d := x.facts.Daemon; {
	case d.Kind.Value == plan.KindDesktop:
		parts = []string{"Docker Desktop's own"}
	case d.Local.Known && !d.Local.Value:
		parts = []string{"on the daemon's machine"}
	case parts == nil:
		parts = []string{"the NVIDIA toolkit is not installed"}
	}
	level, offered := Green, x.facts.Daemon.NvidiaToolkit
	switch proven := x.facts.Daemon.GPUProof; {
	case proven.Known && proven.Value:
	case !offered.Known:
		level = Unknown
	case !offered.Value:
		level = Amber
	}
	x.find("toolkit", level, strings.Join(parts, ", "), offered.Evidence, "")
}

func (x *examination) proof() {
	switch proof := x.facts.Daemon.GPUProof; {
	case !proof.Known:
		x.unknown("proof", proof.Evidence, "")
	case !proof.Value:
		x.find("proof", Red, "containers get no GPU", proof.Evidence, x.facts.ToolkitRemedy())
	default:
		x.find("proof", Green, "containers get the GPU", proof.Evidence, "")
	}
}

// images examines which images can run.
func (x *examination) images() {
	x.section = "Images"
	for _, v := range x.catalogue.Variants {
		if v.GPU != nil && len(x.facts.GPUs.Value) == 0 && x.facts.GPUs.Known {
			continue // the GPU section says why
		}
		if v.BuiltIn && !x.facts.LiteImage.Known {
			x.find(v.Name, Amber, "not in this build", x.facts.LiteImage.Evidence, "")
			continue
		}
		verdict := plan.Judge(x.facts, x.catalogue, v, nil)
		switch {
		case verdict.Answer == plan.Unsuitable && v.GPU != nil:
			x.find(v.Name, Amber, "cannot run here", verdict.Because, verdict.Remedy)
		case verdict.Answer == plan.Unsuitable:
			x.find(v.Name, Red, "cannot run here", verdict.Because, verdict.Remedy)
		case verdict.Answer == plan.Undecided:
			x.find(v.Name, Unknown, "may run: "+x.offer(v), verdict.Because, verdict.Remedy)
		case len(verdict.Advice) > 0:
			x.find(v.Name, Amber, x.offer(v), verdict.Advice[0].Fact, verdict.Advice[0].Remedy)
		case v.BuiltIn:
			x.find(v.Name, Green, x.offer(v), x.facts.LiteImage.Evidence, "")
		default:
			x.find(v.Name, Green, x.offer(v), v.Summary, "")
		}
	}
}

// offer names an image and what it takes to get it.
func (x *examination) offer(v plan.Variant) string {
	reference := x.catalogue.Reference(v)
	switch {
	case v.BuiltIn:
		return "ready"
	case x.facts.Daemon.HasImage(reference):
		return reference + ", available locally"
	}
	return reference + ", not downloaded yet, " + format.Size(v.UnpackedSize) + " unpacked"
}

// choice says what up would do, and returns its plan, or nil.
func (x *examination) choice() *plan.Plan {
	p, err := plan.Make(x.facts, x.catalogue, plan.Request{Instance: x.instance})
	if err != nil {
		x.find("up", Red, "cannot choose an image", err.Error(), fault.HintOf(err))
		return nil
	}
	x.find("up", Green, fmt.Sprintf("would run %s at %s", p.First().Image.Reference, p.First().Publish.URL()),
		p.Because("variant "+p.First().Variant), "")
	return &p
}
