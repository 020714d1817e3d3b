package verify_test

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/verify"
)

var kernels = []string{"sm_37", "sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90"}

// onGPU are the libraries of the GPU image, as its Python tells on a machine
// with a GPU.
func onGPU(change func(torch, ort *verify.Library)) *verify.Libraries {
	torch := verify.Library{Name: "torch", Version: "2.0.1+cu118", CUDA: "11.8", Answered: true, Available: true,
		Device: "NVIDIA H100", Capability: "9.0", Kernels: kernels}
	providers := []string{"CUDAExecutionProvider", "CPUExecutionProvider"}
	ort := verify.Library{Name: "onnxruntime", Version: "1.16.3", Answered: true, Providers: providers,
		Session: providers}
	change(&torch, &ort)
	return &verify.Libraries{Python: "/usr/bin/python3", List: []verify.Library{ort, torch}}
}

// TestLibrariesOnGPU: what the libraries say on a machine with a GPU gives one
// finding for each fault.
func TestLibrariesOnGPU(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change     func(torch, ort *verify.Library)
		want, says string
	}{
		"sound": {func(_, _ *verify.Library) {}, "", ""},
		"a GPU that is too new": {func(torch, _ *verify.Library) {
			torch.Device, torch.Capability = "NVIDIA GeForce RTX 5090", "12.0"
			torch.KernelProblem = "RuntimeError: CUDA error: no kernel image is available for execution on the device"
		}, "gpu-used", "no kernel for NVIDIA GeForce RTX 5090 (compute capability 12.0)"},
		"an old driver": {func(torch, _ *verify.Library) { torch.Available = false }, "gpu-used", "finds no GPU"},
		"torch for the CPU, where the files say otherwise": {func(torch, _ *verify.Library) { torch.CUDA = "" },
			"torch-cuda", "torch.version.cuda is None"},
		"ONNX Runtime for the CPU": {func(_, ort *verify.Library) { ort.Providers = ort.Providers[1:] },
			"ort-cuda", "no CUDA provider"},
		"ONNX Runtime that cannot be imported": {func(_, ort *verify.Library) {
			*ort = verify.Library{Name: ort.Name, Answered: true, Problem: "ImportError: libgomp.so.1"}
		}, "ort-both", "ONNX Runtime cannot be imported"},
		"a library that ONNX Runtime lacks": {func(_, ort *verify.Library) {
			ort.ProviderProblem = "libcublasLt.so.11: cannot open shared object file: No such file or directory"
		}, "ort-cuda", "libcublasLt.so.11"},
		"a session on the CPU": {func(_, ort *verify.Library) { ort.Session = ort.Session[1:] },
			"ort-cuda", "uses only CPUExecutionProvider"},
		"no session": {func(_, ort *verify.Library) {
			ort.SessionProblem = "RuntimeError: cuDNN"
		}, "ort-cuda", "cuDNN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := sound(t, "gpu")
			i.seen.GPU = &verify.GPU{Present: true, Device: "cuda"}
			i.seen.Libraries = onGPU(tt.change)
			r := i.judge(t)
			if ids := strings.Join(found(r, finding.Fail), " "); ids != tt.want {
				t.Errorf("failed %q, want %q\n%s", ids, tt.want, statements(r))
			}
			if screen := strings.Join(strings.Fields(r.Screen(200, plain)), " "); !strings.Contains(screen, tt.says) {
				t.Errorf("%q is not said:\n%s", tt.says, statements(r))
			}
		})
	}
}

// TestNoPython: what only an import would tell stays unknown, with the reason.
func TestNoPython(t *testing.T) {
	t.Parallel()
	i := sound(t, "cpu")
	i.files[site+"_dlib_pybind11.cpython-311-x86_64-linux-gnu.so"].Facts.Needed = []string{"libc.so.6"}
	i.seen.Libraries = &verify.Libraries{Why: "the image has no Python in its PATH"}
	text := statements(i.judge(t))
	if !strings.Contains(text, "unknown dlib-blas") ||
		!strings.Contains(text, "it was not imported: the image has no Python") {
		t.Error(text)
	}
	i.seen.Libraries = &verify.Libraries{List: []verify.Library{{Name: "dlib"}}}
	i.seen.Libraries.Unfinished("Python ended with exit code 139")
	if r := i.judge(t); strings.Join(found(r, finding.Fail), " ") != "dlib-blas" {
		t.Error(statements(r))
	}
}

// TestEmulated times mean nothing.
func TestEmulated(t *testing.T) {
	t.Parallel()
	i := sound(t, "cpu")
	i.seen.Emulated, i.seen.Windows = true, nil
	i.seen.Photos.First *= 20
	if r := i.judge(t); len(found(r, finding.Fail)) > 0 || !strings.Contains(statements(r), "runs emulated here") {
		t.Error(statements(r))
	}
}
