package verify_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/secret"
	"github.com/djok/facecraft/internal/verify"
)

// fault is an image with exactly one pitfall.
type fault struct {
	id       string
	name     string
	variant  string // cpu, where it is empty
	change   func(*image)
	severity finding.Severity
	says     string // in the statement, evidence or remedy
}

var faults = []fault{
	{id: "torch-cuda", name: "PyPI's wheel", change: func(i *image) {
		i.text(site+"torch/version.py", "cuda = '11.7'\nhip = None\n")
		i.file(site+"nvidia/cublas/lib/libcublas.so.11", 500_000_000)
	}, severity: finding.Error, says: "saves 500 MB"},
	{id: "torch-cuda", name: "ROCm", change: func(i *image) {
		i.text(site+"torch/version.py", "cuda = None\nhip = '5.4.2'\n")
	},
		severity: finding.Error, says: "ROCm 5.4.2"},
	{id: "torch-cuda", name: "a CPU wheel for GPUs", variant: "gpu", change: func(i *image) {
		i.text(site+"torch/version.py", "cuda: Optional[str] = None\n")
	},
		severity: finding.Error, says: "built for the CPU"},
	{id: "torch-cuda", name: "NVIDIA's wheels, by name", change: func(i *image) {
		i.text(site+"torch/version.py", "__version__ = '2.1.0'\ncuda = '12.1'\n")
		i.text(site+"nvidia_cublas_cu12-12.1.3.1.dist-info/METADATA", "Name: nvidia-cublas-cu12\n")
	}, severity: finding.Error, says: "package nvidia-cublas-cu12 12.1.3.1"},
	{id: "torch-cuda", name: "a torch that does not say", change: func(i *image) {
		i.text(site+"torch/version.py", "__version__ = '2.0.1'\n")
		i.file(site+"torch/lib/libtorch_cuda.so", 900_000_000)
	}, severity: finding.Error, says: "torch 2.0.1 has 900 MB of CUDA libraries"},
	{id: "cuda-devel", name: "nvcc", variant: "gpu", change: func(i *image) {
		i.file("usr/local/cuda-12.1/bin/nvcc", 20_000_000)
	},
		severity: finding.Error, says: "/usr/local/cuda-12.1/bin/nvcc"},
	{id: "cuda-devel", name: "a package", variant: "gpu", change: func(i *image) {
		i.text("var/lib/dpkg/status", "Package: libcudnn8-dev\nStatus: install ok installed\n")
	}, severity: finding.Error, says: "libcudnn8-dev"},
	{id: "cuda-devel", name: "a variable of the devel image", variant: "gpu", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "LIBRARY_PATH=/usr/local/cuda/lib64/stubs")
	}, severity: finding.Error, says: "LIBRARY_PATH"},
	{id: "cuda-devel", name: "gcc alone", change: func(i *image) {
		i.file("usr/bin/x86_64-linux-gnu-gcc-12", 1_000_000)
	},
		severity: finding.Note, says: "C compiler"},
	{id: "cuda-twice", variant: "gpu", change: func(i *image) {
		i.file(site+"onnxruntime/capi/libonnxruntime_providers_cuda.so",
			300_000_000).Facts = &inventory.Facts{Needed: []string{"libcudnn.so.8"}}
	}, severity: finding.Warning, says: "/usr/local/cuda/lib64/libcublas.so.11"},
	{id: "models", name: "missing", change: func(i *image) {
		delete(i.files, "home/appuser/.u2net/u2net_human_seg.onnx")
	},
		severity: finding.Error, says: "not in the image"},
	{id: "models", name: "in root's home", change: func(i *image) {
		e := *i.files["home/appuser/.u2net/u2net_human_seg.onnx"]
		delete(i.files, e.Path)
		e.Path = "root/.u2net/u2net_human_seg.onnx"
		i.files[e.Path] = &e
	}, severity: finding.Error, says: "found at /root/.u2net"},
	{id: "models", name: "empty", change: func(i *image) { i.file("home/appuser/.u2net/u2net_human_seg.onnx", 0) },
		severity: finding.Error, says: "is empty"},
	{id: "models", name: "a web page", change: func(i *image) {
		i.file("home/appuser/.u2net/u2net_human_seg.onnx",
			900).Facts = &inventory.Facts{Head: []byte("<!DOCTYPE html><html>")}
	}, severity: finding.Error, says: "a web page"},
	{id: "models", name: "a pointer", change: func(i *image) {
		i.file("home/appuser/.u2net/u2net_human_seg.onnx",
			134).Facts = &inventory.Facts{Head: []byte("version https://git-lfs.github.com/spec/v1")}
	}, severity: finding.Error, says: "Git LFS pointer"},
	{id: "models", name: "cut off", change: func(i *image) {
		i.file("home/appuser/.u2net/u2net_human_seg.onnx", 80_000_000)
	},
		severity: finding.Error, says: "has 80000000 bytes"},
	{id: "models", name: "damaged", change: func(i *image) {
		i.files["home/appuser/.u2net/u2net_human_seg.onnx"].Facts = &inventory.Facts{SHA256: strings.Repeat("0", 64)}
	}, severity: finding.Error, says: "other bytes"},
	{id: "models", name: "another version", change: func(i *image) {
		i.file("home/appuser/.u2net/u2net_human_seg.onnx", 176_000_000)
	},
		severity: finding.Warning, says: "unknown version"},
	{id: "models", name: "checksum disabled", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "MODEL_CHECKSUM_DISABLED=1")
	},
		severity: finding.Warning, says: "switched off"},
	{id: "model-closure", name: "no loader", change: func(i *image) {
		delete(i.files, "app/src/codeformer_arch.py")
		i.seen.Offline = nil
		i.seen.Ran = false
	}, severity: finding.Error, says: "codeformer_arch.py is missing"},
	{id: "model-closure", name: "an empty loader", change: func(i *image) {
		i.text("app/src/codeformer_arch.py", "import torch\n")
	},
		severity: finding.Warning, says: "makes portraits without it"},
	{id: "model-closure", name: "no weights", change: func(i *image) {
		delete(i.files, site+"facexlib/weights/parsing_parsenet.pth")
	},
		severity: finding.Warning, says: "parsing_parsenet.pth is missing"},
	{id: "offline", name: "does not start", change: func(i *image) {
		i.seen.Offline = &verify.Offline{Problem: "URLError", Log: []string{"Downloading"}}
	},
		severity: finding.Error, says: "Downloading"},
	{id: "offline", name: "makes no portrait", change: func(i *image) {
		i.seen.Offline = &verify.Offline{Ready: true, Problem: "500"}
	},
		severity: finding.Error, says: "makes no portrait"},
	{id: "ready", name: "no check", change: func(i *image) {
		i.Config.Health = nil
		i.seen.Windows = nil
	}, severity: finding.Error, says: "no HEALTHCHECK"},
	{id: "ready", name: "liveness only", change: func(i *image) {
		i.Config.Health.Test[1] = "curl -f http://localhost:8000/health || exit 1"
	},
		severity: finding.Warning, says: "asks /health"},
	{id: "ready", name: "connects only", change: func(i *image) {
		i.Config.Health.Test[1] = "bash -c '</dev/tcp/127.0.0.1/8000'"
		i.file("usr/bin/bash", 1000)
	},
		severity: finding.Warning, says: "only connects"},
	{id: "ready", name: "without reading the answer", change: func(i *image) {
		i.Config.Health.Test[1] = "curl -f http://localhost:8000/ready || exit 1"
	}, severity: finding.Warning, says: "does not read the answer"},
	{id: "ready", name: "no curl", change: func(i *image) {
		delete(i.files, "usr/bin/curl")
	}, severity: finding.Error, says: "needs curl"},
	{id: "ready", name: "2xx too early",
		change:   func(i *image) { i.seen.Start.Early = `GET /ready: 200 {"ready":false}` },
		severity: finding.Warning, says: "before it is ready"},
	{id: "health-window", name: "configured", change: func(i *image) {
		i.Config.Health.StartPeriod, i.Config.Health.Interval, i.seen.Windows = 0, 10*time.Second, nil
	}, severity: finding.Error, says: "gives up after 1m,"},
	{id: "health-window", name: "measured", change: func(i *image) {
		i.seen.Windows = []verify.Window{{CPUs: 0.5, Ready: true, After: 250 * time.Second}}
	}, severity: finding.Error, says: "0.5 CPU"},
	{id: "health-window", name: "a streak of failures", change: func(i *image) {
		i.seen.Windows = []verify.Window{{CPUs: 1, Ready: true, After: 10 * time.Second, Silent: 130 * time.Second}}
	}, severity: finding.Error, says: "4 times in a row"},
	{id: "lazy", name: "lazy", change: func(i *image) {
		i.seen.Photos.First = 9 * time.Second
	}, severity: finding.Error, says: "6.2 times"},
	{id: "lazy", name: "slow", change: func(i *image) {
		i.seen.Photos = &verify.Photos{First: 12 * time.Second, Third: 11 * time.Second, CPUs: 2}
	}, severity: finding.Error, says: "takes 12s"},
	{id: "concurrent", name: "fails", change: func(i *image) {
		i.seen.Bursts[1].Failed = []string{"500 InvalidGraph"}
	}, severity: finding.Error, says: "InvalidGraph"},
	{id: "concurrent", name: "differs", change: func(i *image) {
		i.seen.Bursts[0].Different = 1
	}, severity: finding.Error, says: "a different portrait"},
	{id: "concurrent", name: "dies", change: func(i *image) {
		i.seen.Bursts[1].Died = true
	}, severity: finding.Error, says: "dies"},
	{id: "workers", name: "a flag", change: func(i *image) {
		i.Config.Cmd = append(i.Config.Cmd, "--workers", "4")
	}, severity: finding.Warning, says: "4 workers"},
	{id: "workers", name: "a variable", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "WEB_CONCURRENCY=2")
	}, severity: finding.Warning, says: "WEB_CONCURRENCY"},
	{id: "workers", name: "a variable that is not read", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "FACECRAFT_WORKERS=4")
	},
		severity: finding.Warning, says: "does not read it"},
	{id: "disk-growth", name: "never", change: func(i *image) {
		i.seen.Cleanup = &verify.Cleanup{}
	}, severity: finding.Warning, says: "not deleted"},
	{id: "disk-growth", name: "empty directories", change: func(i *image) {
		i.seen.Cleanup.EmptyDirs = true
	}, severity: finding.Note, says: "empty job"},
	{id: "dlib-blas", change: func(i *image) {
		delete(i.files, "usr/lib/x86_64-linux-gnu/libopenblas.so.0")
	}, severity: finding.Error, says: "libopenblas.so.0"},
	{id: "root", name: "no USER", change: func(i *image) {
		i.Config.User, i.Config.Env = "", append(i.Config.Env, "HOME=/home/appuser")
	}, severity: finding.Error, says: "USER is not set"},
	{id: "root", name: "another name of uid 0", change: func(i *image) {
		i.Config.User, i.Config.Env = "toor", append(i.Config.Env, "HOME=/home/appuser")
		i.text("etc/passwd", "toor:x:0:0::/root:/bin/sh\n")
	}, severity: finding.Error, says: "USER toor"},
	{id: "root", name: "no such user", change: func(i *image) {
		i.Config.User, i.Config.Env = "nobody-there", append(i.Config.Env, "HOME=/home/appuser")
	},
		severity: finding.Error, says: "no container starts"},
	{id: "cache-perm", name: "a model of root's", change: func(i *image) {
		i.files["home/appuser/.u2net/u2net_human_seg.onnx"].Mode = 0o600
	},
		severity: finding.Error, says: "mode 0600"},
	{id: "cache-perm", name: "a closed directory on the way", change: func(i *image) {
		i.dir("app/models").Mode = 0o700
	},
		severity: finding.Error, says: "/app/models: owner 0:0, mode 0700"},
	{id: "cache-perm", name: "uploads of root's", change: func(i *image) {
		i.dir("app/uploads")
	}, severity: finding.Error, says: "write to /app/uploads"},
	{id: "cache-perm", name: "seen while it ran", change: func(i *image) {
		i.seen.Identity.Unwritable = []string{"/app/logs"}
	}, severity: finding.Error, says: "/app/logs"},
	{id: "setuid", name: "with a name of the base", change: func(i *image) { i.file("app/bin/su", 900).Mode = 0o4755 },
		severity: finding.Note, says: "/app/bin/su"},
	{id: "setuid", change: func(i *image) {
		i.file("usr/local/bin/helper", 900).Mode = 0o4755
	}, severity: finding.Note, says: "mode 4755"},
	{id: "world-writable", change: func(i *image) {
		i.file("app/main.py", 900).Mode = 0o666
	}, severity: finding.Warning, says: "/app/main.py"},
	{id: "ort-both", name: "on the CPU", change: func(i *image) {
		i.text(site+"onnxruntime_gpu-1.16.3.dist-info/RECORD",
			"onnxruntime/capi/onnxruntime_pybind11_state.so,sha256=y,200\n")
		i.file(site+"onnxruntime/capi/onnxruntime_pybind11_state.so", 200)
	}, severity: finding.Warning, says: "onnxruntime_gpu"},
	{id: "ort-both", name: "who won", change: func(i *image) {
		i.text(site+"onnxruntime-1.16.3.dist-info/RECORD",
			"onnxruntime/capi/onnxruntime_pybind11_state.so,sha256=AAAA,200\n")
		i.text(site+"onnxruntime_gpu-1.16.3.dist-info/RECORD",
			"onnxruntime/capi/onnxruntime_pybind11_state.so,sha256=_wE,200\n")
		i.file(site+"onnxruntime/capi/onnxruntime_pybind11_state.so", 200).Facts = &inventory.Facts{SHA256: "ff01"}
	}, severity: finding.Warning, says: "the files are those of onnxruntime_gpu"},
	{id: "ort-both", name: "on the GPU", variant: "gpu", change: func(i *image) {
		i.text(site+"onnxruntime-1.16.3.dist-info/RECORD", "x")
	},
		severity: finding.Error, says: "both installed"},
	{id: "ort-cuda", name: "a library is missing", variant: "gpu", change: func(i *image) {
		delete(i.files, "usr/lib/x86_64-linux-gnu/libcudnn.so.8")
	},
		severity: finding.Error, says: "libcudnn.so.8 is not in the image"},
	{id: "ort-cuda", name: "another cuDNN", variant: "gpu", change: func(i *image) {
		facts := i.files[site+"onnxruntime/capi/libonnxruntime_providers_cuda.so"].Facts
		facts.Needed = append(facts.Needed, "libcudnn.so.9")
	}, severity: finding.Error, says: "need cuDNN 9; the image has cuDNN 8"},
	{id: "ort-cuda", name: "only with torch", variant: "gpu", change: func(i *image) {
		delete(i.files, "usr/lib/x86_64-linux-gnu/libcudnn.so.8")
		i.file(site+"nvidia/cudnn/lib/libcudnn.so.8", 100_000)
	}, severity: finding.Warning, says: "only if torch"},
	{id: "ort-cuda", name: "no provider", variant: "gpu", change: func(i *image) {
		delete(i.files, site+"onnxruntime/capi/libonnxruntime_providers_cuda.so")
		delete(i.files, "usr/local/cuda/lib64/libcublas.so.11")
		i.file(site+"onnxruntime/capi/onnxruntime_pybind11_state.so", 100)
	}, severity: finding.Error, says: "no CUDA provider"},
	{id: "gpu-used", variant: "gpu", change: func(i *image) {
		i.seen.GPU.Device = "cpu"
	}, severity: finding.Error, says: "runs on cpu"},
	{id: "secret", name: "the API key", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "FACECRAFT_API_KEY=hunter2hunter2")
	},
		severity: finding.Error, says: "FACECRAFT_API_KEY"},
	{id: "secret", name: "a token in the history", change: func(i *image) {
		i.Config.History[0].Instruction = "RUN docker login -p dckr_pat_" + strings.Repeat("aB3", 9)
	}, severity: finding.Error, says: "dckr…"},
	{id: "secret", name: "in a file", change: func(i *image) {
		i.text("app/.env",
			"").Facts = &inventory.Facts{Secrets: []secret.Hit{{Kind: "GitHub token", Shown: "ghp_…", Line: 3}}}
	}, severity: finding.Error, says: "/app/.env, line 3"},
	{id: "secret", name: "in a file that was deleted", change: func(i *image) {
		i.layer("COPY .env", inventory.Entry{Path: "app/.env", Kind: inventory.File, Mode: 0o644,
			Facts: &inventory.Facts{Secrets: []secret.Hit{{Kind: "private key", Shown: "…", Line: 1}}}})
		i.layer("RUN rm .env", inventory.Entry{Path: "app/.env", Kind: inventory.Whiteout})
	}, severity: finding.Error, says: "that a later layer hides"},
	{id: "cors", name: "with credentials", change: func(i *image) {
		i.seen.CORS = &verify.CORS{Echoed: true, Credentials: true}
	}, severity: finding.Warning, says: "with credentials"},
	{id: "cors", name: "without", change: func(i *image) {
		i.seen.CORS = &verify.CORS{Echoed: true}
	}, severity: finding.Note, says: "another origin"},
	{id: "cors", name: "as configured", change: func(i *image) {
		i.Config.Env = append(i.Config.Env, "FACECRAFT_CORS_ORIGINS=*")
		i.seen.Ran = false
	}, severity: finding.Warning, says: "every website"},
	{id: "apikey", change: func(i *image) {
		i.seen.Key.Status = 200
	}, severity: finding.Error, says: "answered with 200"},
	{id: "waste", name: "chown", change: func(i *image) {
		e := *i.files[site+"torch/lib/libtorch_cpu.so"]
		e.UID = 1000
		i.layer("RUN chown -R appuser /usr/local", e)
	}, severity: finding.Warning, says: "400 MB rewritten with equal bytes"},
	{id: "waste", name: "deleted wheels", change: func(i *image) {
		i.layer("COPY wheels",
			inventory.Entry{Path: "wheels/torch.whl", Kind: inventory.File, Mode: 0o644, Size: 200_000_000, Sum: 77})
		i.layer("RUN rm -r /wheels", inventory.Entry{Path: "wheels", Kind: inventory.Whiteout})
	}, severity: finding.Warning, says: "hidden by layer 3: RUN rm -r /wheels"},
	{id: "waste", name: "copies", change: func(i *image) {
		e := *i.files[site+"torch/lib/libtorch_cpu.so"]
		e.Path = "opt/copy/libtorch_cpu.so"
		i.files[e.Path] = &e
	}, severity: finding.Warning, says: "equal bytes elsewhere"},
	{id: "leftovers", change: func(i *image) {
		i.file("root/.cache/pip/http/a", 30_000_000)
	}, severity: finding.Note, says: "pip's cache"},
	{id: "licence", change: func(i *image) {
		i.Config.Labels["org.opencontainers.image.licenses"] = "MIT"
	}, severity: finding.Warning, says: "S-Lab"},
	{id: "meta", name: "a label", change: func(i *image) {
		delete(i.Config.Labels, "org.opencontainers.image.source")
	}, severity: finding.Note, says: "image.source"},
	{id: "meta", name: "the base's version", change: func(i *image) {
		i.text("etc/os-release", "ID=ubuntu\nVERSION_ID=\"1.0.0\"\n")
	}, severity: finding.Note, says: "is the base's: 1.0.0"},
	{id: "meta", name: "the port", change: func(i *image) {
		i.Config.Exposed = nil
	}, severity: finding.Note, says: "EXPOSE"},
	{id: "meta", name: "SIGTERM", change: func(i *image) {
		i.seen.Stop.Killed = true
	}, severity: finding.Warning, says: "SIGTERM"},
	{id: "size", name: "over budget", change: func(i *image) {
		i.file("app/dataset.bin2", 9_000_000_000)
	}, severity: finding.Warning, says: "more than the 8 GB"},
	{id: "size", name: "many layers", change: func(i *image) {
		for range 130 {
			i.layer("RUN true")
		}
	}, severity: finding.Warning, says: "131 layers"},
	{id: "latest", name: "an older image", change: func(i *image) {
		i.seen.Registry.Latest, i.seen.Registry.Older = "sha256:1", time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)
	}, severity: finding.Warning, says: "built 2023-05-01"},
	{id: "hub-readme",
		change:   func(i *image) { i.seen.Registry.Description = verify.Description{Known: true, Line: 3} },
		severity: finding.Note, says: "from line 3"},
	{id: "latest", name: "the same image", change: func(i *image) {
		i.seen.Registry.Latest, i.seen.Registry.Same = "sha256:1", "x:cpu"
	}, severity: finding.Warning, says: "same image as x:cpu"},
}

// TestFaults: one fault gives its finding and no other.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range faults {
		t.Run(tt.id+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			variant := tt.variant
			if variant == "" {
				variant = "cpu"
			}
			i := sound(t, variant)
			tt.change(i)
			r := i.judge(t)
			if ids := found(r, finding.Fail); !slices.Equal(ids, []string{tt.id}) {
				t.Fatalf("failed %v, want %s\n%s", ids, tt.id, statements(r))
			}
			at := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Status == finding.Fail })
			f := r.Findings[at]
			if f.Severity != tt.severity {
				t.Errorf("severity %s, want %s", f.Severity, tt.severity)
			}
			if screen := strings.Join(strings.Fields(r.Screen(200, plain)), " "); !strings.Contains(screen, tt.says) {
				t.Errorf("%q is not said:\n%s", tt.says, statements(r))
			}
			if f.Remedy == "" || f.Cost == "" {
				t.Errorf("no remedy: %+v", f)
			}
		})
	}
}

// TestEveryCheckHasItsFault: a check that no image of the set fails could as
// well be missing.
func TestEveryCheckHasItsFault(t *testing.T) {
	t.Parallel()
	for _, c := range checks(t) {
		if !slices.Contains(c.SeenBy, "verify") || c.Group == "Ignores" {
			continue
		}
		if !slices.ContainsFunc(faults, func(f fault) bool { return f.id == c.ID }) {
			t.Errorf("no fault for %s", c.ID)
		}
	}
}

func plain(_ verify.Style, text string) string { return text }
