package verify

import (
	"cmp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
)

// imported adds what a library itself reports to what its files show. The files
// come first: they also show where a fault is and how many bytes it costs.
func imported(name string, files func(*subject) []result, ran func(*subject, *Library) result) func(*subject) []result {
	return func(s *subject) []result {
		list := files(s)
		library := s.seen.Libraries.library(name)
		if library == nil {
			return s.notImported(list)
		}
		r := ran(s, library)
		r.depth = inventory.RunDepth
		if r.status == "" {
			return list
		}
		answered := func(l result) bool { return l.status == finding.Pass || l.status == finding.Fail }
		switch at := slices.IndexFunc(list, answered); {
		case at < 0: // the files have no answer
			return []result{r}
		case r.status == finding.Fail && list[at].status == finding.Pass:
			list[at] = r.with(list[at].evidence...)
		default:
			list[at] = list[at].with(r.evidence...)
		}
		return list
	}
}

// notImported says why the library was not imported, if importing it would have
// revealed more.
func (s *subject) notImported(list []result) []result {
	if l := s.seen.Libraries; l != nil && l.Why != "" {
		for i := range list {
			if list[i].status == finding.Unknown {
				list[i] = list[i].with("it was not imported: " + l.Why)
			}
		}
	}
	return list
}

// unimportable returns the result if an import failed.
func unimportable(l *Library, name string) result {
	return fail("%s cannot be imported", name).graded(finding.Error).with(l.Problem).keyed("import").
		remedied("see what is missing: docker run IMAGE python -c 'import " + l.Name + "'")
}

func torchRan(s *subject, l *Library) result {
	says := "torch " + l.Version + " says that torch.version.cuda is " + cmp.Or(l.CUDA, "None")
	switch {
	case l.Problem != "":
		return unimportable(l, "torch")
	case s.variant.Name == "":
		return unknown(notKnown).with(says)
	case s.variant.Needs.CUDA && l.CUDA == "":
		return fail("torch is built for the CPU, and the image is for GPUs").with(says).keyed("cuda").
			remedied("install torch from https://download.pytorch.org/whl/cu118 or newer in the GPU image")
	case s.variant.Needs.CUDA:
		return pass("torch is built for CUDA %s", l.CUDA).with(says)
	case l.CUDA != "":
		return fail("torch is built for CUDA %s in a CPU image", l.CUDA).with(says).keyed("cuda")
	case l.HIP != "":
		return fail("torch is built for ROCm %s in a CPU image", l.HIP).with(says).keyed("hip")
	}
	return pass("torch is the CPU build").with(says)
}

func dlibRan(_ *subject, l *Library) result {
	switch {
	case l.Problem != "":
		return unimportable(l, "dlib")
	case l.BLAS == nil:
		return result{}
	case *l.BLAS && l.LAPACK != nil && *l.LAPACK:
		return pass("dlib was built with BLAS and LAPACK").with("dlib " + l.Version + " says so itself")
	case *l.BLAS:
		return pass("dlib was built with BLAS").with("dlib " + l.Version + " says so itself")
	}
	return fail("dlib was built without BLAS").
		with("dlib " + l.Version + " says that DLIB_USE_BLAS is False").keyed("blas")
}

const cudaProviderName = "CUDAExecutionProvider"

func ortRan(_ *subject, l *Library) result {
	if l.Problem != "" {
		return unimportable(l, "ONNX Runtime")
	}
	return pass("one ONNX Runtime is installed").
		with("ONNX Runtime " + l.Version + " has " + strings.Join(l.Providers, ", "))
}

func ortCUDARan(s *subject, l *Library) result {
	has := "ONNX Runtime " + l.Version + " has " + strings.Join(l.Providers, ", ")
	gpu := s.seen.GPU != nil && s.seen.GPU.Present
	switch {
	case !s.variant.Needs.CUDA, l.Problem != "": // a failed import is reported by ort-both
		return result{}
	case !slices.Contains(l.Providers, cudaProviderName):
		return fail("ONNX Runtime has no CUDA provider: background removal runs on the CPU").with(has).
			keyed("provider").
			remedied("install onnxruntime-gpu instead of onnxruntime")
	case l.ProviderProblem != "":
		return fail("the CUDA provider cannot be loaded: background removal runs on the CPU").with(l.ProviderProblem).
			keyed("missing")
	case gpu && l.SessionProblem != "":
		return fail("ONNX Runtime makes no session on the GPU").with(l.SessionProblem).keyed("session")
	case gpu && !slices.Contains(l.Session, cudaProviderName):
		return fail("a session of ONNX Runtime uses only %s: background removal runs on the CPU",
			strings.Join(l.Session, ", ")).
			with(has).keyed("session")
	case gpu:
		return pass("a session of ONNX Runtime uses the GPU").with(has)
	}
	return pass("the CUDA provider finds its libraries").with(has)
}

// gpuUsed checks whether torch ran a kernel on the device, and which device the
// server reported.
func gpuUsed(s *subject) []result {
	g := s.seen.GPU
	switch {
	case s.variant.Name != "" && !s.variant.Needs.CUDA:
		return []result{beside("the image is for CPUs")}
	case !s.seen.Ran:
		return []result{unseen(s.seen)}
	case s.variant.Name == "":
		return []result{unknown(notKnown)}
	case g == nil || !g.Present:
		return []result{unknown("there is no GPU here; verify it on a machine with one")}
	}
	torch := s.seen.Libraries.library("torch")
	if torch != nil && torch.Problem == "" {
		if r := torchOnGPU(torch); r.status == finding.Fail {
			return []result{r}
		}
	}
	if g.Device != "cuda" {
		return []result{fail("the server was given a GPU and runs on %s", cmp.Or(g.Device, "None")).keyed("device")}
	}
	r := pass("the server runs on the GPU")
	if torch != nil && torch.Available && torch.KernelProblem == "" {
		r = r.with("torch computes on " + torch.Device + ", compute capability " + torch.Capability)
	}
	return []result{r}
}

func torchOnGPU(l *Library) result {
	switch {
	case !l.Available:
		return fail("torch %s finds no GPU, and the container has one", l.Version).keyed("available").
			remedied("see the driver's version: facecraft doctor")
	case l.KernelProblem != "":
		return fail("torch %s has no kernel for %s (compute capability %s)", l.Version, l.Device, l.Capability).
			with("its kernels: "+strings.Join(l.Kernels, ", "), l.KernelProblem).keyed("kernels")
	}
	return result{}
}
