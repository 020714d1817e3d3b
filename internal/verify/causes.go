package verify

import (
	"github.com/djok/facecraft/internal/inventory"
)

// Cause is the reason why bytes are in an image.
type Cause string

// The causes. Every byte of every layer has exactly one.
const (
	Deleted     Cause = "deleted later"
	Rewritten   Cause = "rewritten with equal bytes"
	Overwritten Cause = "overwritten"
	Hidden      Cause = "deleted or overwritten later" // if layers were not read
	Duplicate   Cause = "equal bytes elsewhere"
	TorchCUDA   Cause = "CUDA in torch"
	SystemCUDA  Cause = "CUDA of the system"
	Compiler    Cause = "compiler"
	Models      Cause = "models"
	Packages    Cause = "Python packages"
	Caches      Cause = "caches"
	System      Cause = "operating system"
	Application Cause = "application"
	Rest        Cause = "rest"
)

// AllCauses are the causes in the order of a report.
var AllCauses = []Cause{Models, TorchCUDA, SystemCUDA, Packages, System, Application, Compiler, Caches, Rest,
	Duplicate, Rewritten, Overwritten, Deleted, Hidden}

// hidden lists the causes of bytes that are not needed.
var hidden = []Cause{Deleted, Rewritten, Overwritten, Hidden, Duplicate}

// Sizes are an image's bytes by cause. They add up to the total size of the
// layers.
type Sizes struct {
	Total  int64           `json:"total"`
	Causes map[Cause]int64 `json:"causes"`
}

// minDuplicate is the size from which equal files count as duplicates: below it,
// a file system would not save a block.
const minDuplicate = 4096

// Causes assigns each byte of the layers a cause.
func Causes(inv inventory.Inventory) Sizes {
	sizes := Sizes{Total: inv.Size(), Causes: map[Cause]int64{}}
	if inv.Depth < inventory.FilesDepth {
		return sizes
	}
	if len(inv.Stored) > 0 || sizes.Total == 0 {
		sizes.stored(inv.Stored)
		return sizes
	}
	sizes.visible(inv.Files)
	seen := inv.Files.Size()
	if sizes.Total == inventory.UnknownSize || sizes.Total < seen {
		sizes.Total = seen // the daemon counts differently
	}
	if lost := sizes.Total - seen; lost > 0 {
		sizes.Causes[Hidden] = lost
	}
	return sizes
}

// content identifies equal files.
type content struct {
	size int64
	sum  uint64
}

// twice remembers the contents it has seen, so that the first counts as
// itself and the others as duplicates.
type twice map[content]bool

func (t twice) seen(e *inventory.Entry) bool {
	if e.Sum == 0 || e.Size < minDuplicate {
		return false
	}
	key := content{e.Size, e.Sum}
	before := t[key]
	t[key] = true
	return before
}

func (s *Sizes) stored(files []*inventory.Stored) {
	fates := map[inventory.Fate]Cause{inventory.Deleted: Deleted, inventory.Overwritten: Overwritten,
		inventory.Rewritten: Rewritten}
	equal := twice{}
	for _, f := range files {
		cause, hidden := fates[f.Fate]
		if !hidden {
			cause = causeOf(f.Entry, equal)
		}
		s.Causes[cause] += f.Size
	}
}

func (s *Sizes) visible(files inventory.Tree) {
	equal := twice{}
	for node := range files.All() {
		if node.Kind == inventory.File && !node.Again {
			s.Causes[causeOf(&node.Entry, equal)] += node.Size
		}
	}
}

func causeOf(e *inventory.Entry, equal twice) Cause {
	if equal.seen(e) {
		return Duplicate
	}
	return Place(e.Path)
}

// places map a file's path to its cause; the first match counts.
var places = []struct {
	cause Cause
	pattern
}{
	{Caches, where(".cache/ pip-cache/ __pycache__/ .git/ .whl /pkgs/",
		`(^|/)(\.cache|pip-cache|__pycache__|\.git)/|^opt/conda/pkgs/|\.whl$`)},
	{Caches, where("", `^(var/cache|var/lib/apt/lists|tmp|var/tmp)/`)},
	{TorchCUDA, where("-packages/torch/ -packages/nvidia/ -packages/triton/",
		`-packages/(torch/lib/lib((torch|c10)_cuda|cu|nv|nccl)|nvidia/|triton/)`)},
	{Compiler, cudaTools},
	{SystemCUDA, where("", `^usr/local/cuda|^usr/lib/[^/]+/lib(cu|nv|nccl)|^opt/nvidia/`)},
	{Compiler, where("",
		`^usr/(include|lib(exec)?/gcc|lib/llvm[^/]*)/|^usr/lib/([^/]+/)?[^/]*\.a$`+
			`|^usr/bin/([a-z0-9_]+-linux-gnu-)?(gcc|g\+\+|ld|as|clang|cmake|make|objdump)(-[\d.]+|\.(bfd|gold))?$`)},
	{Models, where(".onnx .pth .pt .ckpt .safetensors .caffemodel .tflite shape_predictor",
		`\.(onnx|pth|pt|ckpt|safetensors|caffemodel|tflite)$|(^|/)shape_predictor[^/]*\.dat$`)},
	{Packages, where("-packages/", `(^|/)(site|dist)-packages/`)},
	{Packages, where("", `^(usr/local|usr|opt/[^/]+)/lib/python[\d.]+/|^opt/conda/`)},
	{Application, where("", `^(app|srv|home|opt|workspace|code|root)/|^usr/src/`)},
	{System, where("", `^(usr|lib[^/]*|bin|sbin|etc|var|boot|run)/`)},
}

// Place returns the cause of a file that a container sees.
func Place(path string) Cause {
	for _, p := range places {
		if p.match(path) {
			return p.cause
		}
	}
	return Rest
}
