package plan

import (
	"fmt"
	"slices"

	"github.com/djok/facecraft/internal/format"
)

// Answer says whether a variant can run on a machine.
type Answer int

// Undecided means that it may work: something that matters could not be
// determined.
const (
	Undecided Answer = iota
	Suitable
	Unsuitable
)

// Verdict is the answer for one variant, with the fact behind it.
type Verdict struct {
	Answer  Answer
	Because string
	Remedy  string   // what would make an unsuitable or undecided variant run
	Advice  []Advice // worth knowing even though it runs
	// GPUs are the device IDs to use; nil means all.
	GPUs []string
}

// Advice is a fact that could be better, and what to do about it.
type Advice struct{ Fact, Remedy string }

func (a Advice) String() string {
	if a.Remedy == "" {
		return a.Fact
	}
	return a.Fact + "; " + a.Remedy
}

// Judge checks a variant against the facts. gpus are the GPUs requested by
// index or UUID; nil picks all suitable ones.
func Judge(f Facts, c Catalogue, v Variant, gpus []string) Verdict {
	if f.Daemon.HasImage(c.Reference(v)) {
		v.UnpackedSize = 0 // it needs no more disk
	}
	verdict := f.checkPlatform(v)
	if verdict.Answer == Unsuitable {
		return verdict
	}
	for _, short := range []shortage{f.memoryShortage(v), f.diskShortage(v)} {
		switch {
		case short.of == "":
		case v.GPU != nil:
			return Verdict{Answer: Unsuitable, Because: short.of, Remedy: short.remedy}
		default:
			// It is the last resort, and the estimate may be too strict.
			verdict.Advice = append(verdict.Advice,
				Advice{short.of + short.consequence, short.remedy + ", or use facecraft up --lite"})
		}
	}
	if v.GPU == nil {
		return verdict
	}
	return f.checkGPUs(v.GPU, gpus)
}

// checkPlatform checks whether the daemon can run the variant's image.
func (f Facts) checkPlatform(v Variant) Verdict {
	d := f.Daemon
	verdict := Verdict{Answer: Suitable}
	if !d.OS.Known || !d.Arch.Known {
		return verdict
	}
	if d.OS.Value != "linux" {
		return Verdict{Answer: Unsuitable,
			Because: fmt.Sprintf("the daemon runs %s containers, but the images are for Linux", d.OS.Value),
			Remedy:  "switch Docker Desktop to Linux containers"}
	}
	native := d.OS.Value + "/" + d.Arch.Value
	if slices.Contains(v.Platforms, native) {
		return verdict
	}
	mismatch := fmt.Sprintf("the image is for %s, but the daemon is %s", v.Platforms[0], native)
	switch {
	case v.GPU != nil:
		return Verdict{Answer: Unsuitable, Because: mismatch + ", and an emulated program cannot use the GPU",
			Remedy: "use a machine with the image's architecture"}
	case d.Emulation.Known && !d.Emulation.Value:
		return Verdict{Answer: Unsuitable, Because: mismatch + ", and it has no emulation: " + d.Emulation.Evidence,
			Remedy: "install emulation: docker run --privileged --rm tonistiigi/binfmt --install amd64"}
	case d.Emulation.Known:
		mismatch += ": it runs under emulation, several times slower"
	default:
		mismatch += ": it runs under emulation, several times slower, if emulation is installed"
	}
	verdict.Advice = []Advice{{mismatch, "facecraft up --lite runs without emulation"}}
	return verdict
}

// shortage is what a machine has too little of; its zero value means nothing is
// short.
type shortage struct{ of, consequence, remedy string }

func (f Facts) memoryShortage(v Variant) shortage {
	total, free := f.Daemon.Memory, f.Daemon.FreeMemory
	needs := fmt.Sprintf("the %s variant needs about %s of memory", v.Name, format.Memory(v.MemoryNeeded))
	switch {
	case total.Known && total.Value < v.MemoryNeeded:
		return shortage{fmt.Sprintf("%s and Docker has %s", needs, format.Memory(total.Value)),
			": expect it to be killed while it loads", f.MemoryRemedy(v.MemoryNeeded)}
	case free.Known && free.Value < v.MemoryNeeded && v.GPU == nil:
		// Memory in use now may be free soon, so no choice depends on it.
		return shortage{fmt.Sprintf("%s and %s is free", needs, format.Memory(free.Value)), "",
			"close other programs if it is slow or killed"}
	}
	return shortage{}
}

func (f Facts) diskShortage(v Variant) shortage {
	free := f.Daemon.DiskFree
	if !free.Known || free.Value >= v.UnpackedSize {
		return shortage{}
	}
	return shortage{fmt.Sprintf("the image takes %s of disk and %s is free where Docker stores images",
		format.Size(v.UnpackedSize), format.Size(free.Value)),
		"", f.DiskRemedy()}
}
