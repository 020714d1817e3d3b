package verify_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/verify"
)

const site = "usr/local/lib/python3.11/site-packages/"

// image is one that a test changes before it is judged.
type image struct {
	inventory.Inventory
	files map[string]*inventory.Entry
	seen  verify.Observations
	asked string // the variant that the user names
}

func loadCatalogue(t testing.TB) plan.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func checks(t testing.TB) []finding.Check {
	t.Helper()
	all, err := finding.Checks()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sound is an image of a variant without any pitfall, which was run.
func sound(t testing.TB, variant string) *image {
	i := &image{files: map[string]*inventory.Entry{}}
	i.Target, i.Tag, i.Depth = "facecraft.invalid/image:"+variant, variant, inventory.LayersDepth
	i.Config = inventory.Config{
		Platform: "linux/amd64", User: "appuser", Exposed: []string{"8000/tcp"},
		Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin",
			"FACECRAFT_DEVICE=" + map[string]string{"cpu": "cpu", "gpu": "cuda"}[variant]},
		Cmd: []string{"python", "-m", "uvicorn", "facecraft.main:app"},
		Labels: map[string]string{"org.opencontainers.image.source": "https://github.com/djok/facecraft",
			"org.opencontainers.image.version":  "1.0.0",
			"org.opencontainers.image.title":    "facecraft",
			"org.opencontainers.image.licenses": "MIT AND LicenseRef-S-Lab-1.0 AND LicenseRef-iBUG-300-W"},
		Health: &inventory.Health{Test: []string{"CMD-SHELL", "curl -f http://localhost:8000/readiness || exit 1"},
			Interval: 30 * time.Second, Timeout: 10 * time.Second, StartPeriod: 180 * time.Second, Retries: 3},
		History: []inventory.Step{{Instruction: "RUN everything", Layer: 0}},
	}
	i.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nappuser:x:1000:1000::/home/appuser:/bin/sh\n")
	i.text("etc/group", "appuser:x:1000:\nvideo:x:44:appuser\n")
	i.text("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
	i.text("etc/ld.so.conf.d/cuda.conf", "/usr/local/cuda/lib64\n")
	i.text("var/lib/dpkg/status",
		"Package: libc6\nStatus: install ok installed\n\nPackage: curl\nStatus: install ok installed\n")
	for _, program := range []string{"usr/bin/curl", "bin/sh", "usr/bin/passwd"} {
		i.file(program, 50_000).Mode = 0o755
	}
	i.file("usr/bin/passwd", 60_000).Mode = 0o4755
	for _, name := range []string{"libc.so.6", "libopenblas.so.0"} {
		i.file("usr/lib/x86_64-linux-gnu/"+name, 2_000_000)
	}
	i.dir("tmp").Mode = 0o1777
	for _, dir := range []string{"app/uploads", "app/processed", "home/appuser"} {
		e := i.dir(dir)
		e.UID, e.GID = 1000, 1000
	}
	for _, m := range catalogueModels(t, variant) {
		file := map[string]string{"shape_predictor_68_face_landmarks.dat": "app/models/",
			"codeformer.pth":       "app/models/codeformer/",
			"u2net_human_seg.onnx": "home/appuser/.u2net/"}[m.Name] + m.Name
		i.file(file, m.Size).Facts = &inventory.Facts{SHA256: m.SHA256, Head: []byte("PK\x03\x04")}
	}
	i.text("app/src/codeformer_arch.py", "import torch\nclass CodeFormer(VQAutoEncoder):\n")
	i.file(site+"facexlib/utils/face_restoration_helper.py", 20_000)
	for _, weights := range []string{"detection_Resnet50_Final.pth", "parsing_parsenet.pth"} {
		i.file(site+"facexlib/weights/"+weights, 90_000_000)
	}
	i.file(site+"_dlib_pybind11.cpython-311-x86_64-linux-gnu.so",
		9_000_000).Facts = &inventory.Facts{Needed: []string{"libopenblas.so.0", "libc.so.6"}}
	i.file(site+"torch/lib/libtorch_cpu.so", 400_000_000)
	if variant == "gpu" {
		i.gpu()
	} else {
		i.text(site+"torch/version.py", "__version__ = '2.0.1+cpu'\ncuda = None\nhip: Optional[str] = None\n")
		i.text(site+"onnxruntime-1.16.3.dist-info/RECORD",
			"onnxruntime/capi/onnxruntime_pybind11_state.so,sha256=x,100\n")
	}
	i.seen = goodRun()
	return i
}

// gpu adds what a GPU image has: CUDA that torch brings, and the system's for
// ONNX Runtime, which needs it.
func (i *image) gpu() {
	i.text(site+"torch/version.py",
		"__version__ = '2.0.1+cu118'\ncuda: Optional[str] = '11.8'\nhip: Optional[str] = None\n")
	i.file(site+"torch/lib/libtorch_cuda.so", 1_200_000_000)
	i.file(site+"torch/lib/libcublas.so.11", 90_000_000)
	i.file("usr/local/cuda/lib64/libcublas.so.11", 90_000_001)
	i.file("usr/lib/x86_64-linux-gnu/libcudnn.so.8", 100_000)
	i.text(site+"onnxruntime_gpu-1.16.3.dist-info/RECORD",
		"onnxruntime/capi/onnxruntime_pybind11_state.so,sha256=x,100\n")
	i.file(site+"onnxruntime/capi/libonnxruntime_providers_cuda.so", 300_000_000).Facts =
		&inventory.Facts{Needed: []string{"libcublas.so.11", "libcudnn.so.8", "libcuda.so.1", "libc.so.6"}}
	i.seen.GPU = nil
}

func catalogueModels(t testing.TB, variant string) []plan.Model {
	v, _ := loadCatalogue(t).Variant(variant)
	return v.Needs.Models
}

func goodRun() verify.Observations {
	return verify.Observations{
		Ran:      true,
		Offline:  &verify.Offline{Ready: true, Portrait: true},
		Identity: &verify.Identity{UID: 1000},
		Start:    &verify.Start{Ready: true, After: 8 * time.Second},
		Photos:   &verify.Photos{First: 1500 * time.Millisecond, Third: 1450 * time.Millisecond, CPUs: 2},
		Bursts:   []verify.Burst{{N: 2}, {N: 4}},
		Stop:     &verify.Stop{After: time.Second},
		Windows: []verify.Window{{CPUs: 2, Ready: true, After: 8 * time.Second},
			{CPUs: 0.5, Ready: true, After: 30 * time.Second}},
		Cleanup: &verify.Cleanup{Deleted: true, Periodically: true},
		CORS:    &verify.CORS{},
		Key:     &verify.Key{Status: 401},
		GPU:     &verify.GPU{Present: true, Device: "cuda"},
		Registry: &verify.Registry{Reference: "facecraft.invalid/image:latest",
			Description: verify.Description{Known: true, Same: true}},
	}
}

func (i *image) file(path string, size int64) *inventory.Entry {
	e := &inventory.Entry{Path: path, Kind: inventory.File, Mode: 0o644, Size: size, Sum: uint64(len(i.files) + 1)}
	i.files[path] = e
	return e
}

func (i *image) text(path, text string) *inventory.Entry {
	e := i.file(path, int64(len(text)))
	e.Facts = &inventory.Facts{Text: text}
	return e
}

func (i *image) dir(path string) *inventory.Entry {
	e := &inventory.Entry{Path: path, Kind: inventory.Dir, Mode: 0o755}
	i.files[path] = e
	return e
}

// layer adds a layer above the others.
func (i *image) layer(instruction string, entries ...inventory.Entry) {
	i.Layers = append(i.Layers, inventory.Layer{Entries: entries})
	i.Config.History = append(i.Config.History, inventory.Step{Instruction: instruction, Layer: len(i.Layers)})
}

// judge lays the layers over each other, as the readers do.
func (i *image) judge(t testing.TB) verify.Report {
	t.Helper()
	var first []inventory.Entry
	for _, path := range slices.Sorted(maps.Keys(i.files)) {
		first = append(first, *i.files[path])
	}
	inv := i.Inventory
	inv.Layers = append([]inventory.Layer{{Entries: first}}, i.Layers...)
	for n := range inv.Layers {
		for _, e := range inv.Layers[n].Entries {
			inv.Layers[n].Size += e.Size
		}
	}
	var err error
	if inv.Files, inv.Stored, err = inventory.Merge(inv.Layers); err != nil {
		t.Fatal(err)
	}
	return verify.Judge(inv, i.seen, loadCatalogue(t), i.asked, checks(t))
}

// found are the IDs of the findings with a status, each once.
func found(r verify.Report, status finding.Status) (ids []string) {
	for _, f := range r.Findings {
		if f.Status == status && !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func statements(r verify.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Status == finding.Fail || f.Status == finding.Unknown {
			b.WriteString(string(f.Status) + " " + f.ID + ": " + f.Statement + "\n    " + strings.Join(f.Evidence,
				"\n    ") + "\n")
		}
	}
	return b.String()
}

// TestSoundImages have no findings, and nothing of them is unknown.
func TestSoundImages(t *testing.T) {
	t.Parallel()
	for _, variant := range []string{"cpu", "gpu"} {
		r := sound(t, variant).judge(t)
		if failed, unknown := found(r, finding.Fail), found(r, finding.Unknown); len(failed)+len(unknown) > 0 {
			t.Errorf("%s: failed %v, unknown %v\n%s", variant, failed, unknown, statements(r))
		}
		if err := r.Err(false); err != nil {
			t.Errorf("%s: %v", variant, err)
		}
	}
}

// TestEveryCheckAnswers: no check is silent, at whatever depth.
func TestEveryCheckAnswers(t *testing.T) {
	t.Parallel()
	for _, depth := range []inventory.Depth{inventory.ConfigDepth, inventory.FilesDepth, inventory.LayersDepth} {
		i := sound(t, "cpu")
		i.Depth, i.seen = depth, verify.Observations{}
		r := i.judge(t)
		for _, c := range checks(t) {
			if slices.Contains(c.SeenBy, "verify") && c.Group != "Ignores" &&
				!slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.ID == c.ID }) {
				t.Errorf("%s says nothing at depth %s", c.ID, depth)
			}
		}
		for _, f := range r.Findings {
			if f.Depth == "run" && f.Status != finding.Unknown && f.Status != finding.NotApplicable {
				t.Errorf("%s is %s without having run", f.ID, f.Status)
			}
			if depth == inventory.ConfigDepth && f.Depth != "config" && f.Status == finding.Pass {
				t.Errorf("%s passed at depth config and needs %s", f.ID, f.Depth)
			}
		}
	}
}
