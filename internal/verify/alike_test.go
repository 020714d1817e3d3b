package verify_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/verify"
)

// TestLookAlikes are images that look as if they had a pitfall.
func TestLookAlikes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		variant string
		change  func(*image)
	}{
		"NVIDIA's variables of the runtime image": {"gpu", func(i *image) {
			i.Config.Env = append(i.Config.Env, "NV_CUDA_LIB_VERSION=12.1.0-1", "NVIDIA_PRODUCT_NAME=CUDA",
				"NV_CUDA_CUDART_VERSION=12.1.55-1", "LIBRARY_PATH=/opt/lib")
		}},
		"nvcc in a package's name": {"cpu", func(i *image) {
			i.text("var/lib/dpkg/status",
				"Package: libcudnn8\nStatus: install ok installed\n\n"+
					"Package: cuda-cudart-12-1\nStatus: install ok installed\n")
		}},
		"a toolchain that was removed": {"gpu", func(i *image) {
			i.text("var/lib/dpkg/status", "Package: libcublas-dev-12-1\nStatus: deinstall ok config-files\n")
		}},
		"a readiness that is read": {"cpu", func(i *image) {
			i.Config.Health.Test[1] = "curl -s http://localhost:8000/ready | grep -q '\"ready\": *true'"
		}},
		"latest in a repository of something else": {"cpu", func(i *image) {
			i.seen.Registry.Latest, i.seen.Registry.Unrelated = "sha256:1", true
		}},
		"a description of something else": {"cpu",
			func(i *image) { i.seen.Registry.Description = verify.Description{Unrelated: true} }},
		"compiled Python": {"cpu", func(i *image) {
			i.file(site+"torch/__pycache__/version.cpython-311.pyc", 90_000_000)
		}},
		"the two ONNX Runtimes in two places": {"gpu", func(i *image) {
			i.text("opt/venv/lib/python3.11/site-packages/onnxruntime-1.16.3.dist-info/RECORD", "x")
		}},
		"the key of Python's releases": {"cpu", func(i *image) {
			i.Config.Env = append(i.Config.Env, "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D")
		}},
		"placeholders": {"cpu", func(i *image) {
			i.Config.Env = append(i.Config.Env, "FACECRAFT_API_KEY=", "TOKEN=your-token-goes-here-1")
		}},
		"a checksum": {"cpu", func(i *image) {
			i.Config.Env = append(i.Config.Env, "MODEL_SECRET_SHA256=fbdc2cb80eb9aa7a758672cbfdda32ba")
		}},
		"a numeric user with a home": {"cpu", func(i *image) { i.Config.User = "1000:1000" }},
		"a home in the environment": {"cpu", func(i *image) {
			i.Config.Env = append(i.Config.Env, "HOME=/home/appuser")
		}},
		"models somewhere else, as told": {"cpu", func(i *image) {
			e := *i.files["home/appuser/.u2net/u2net_human_seg.onnx"]
			delete(i.files, e.Path)
			e.Path = "models/u2net_human_seg.onnx"
			i.files[e.Path] = &e
			i.Config.Env = append(i.Config.Env, "U2NET_HOME=/models")
		}},
		"models behind a link": {"cpu", func(i *image) {
			e := *i.files["home/appuser/.u2net/u2net_human_seg.onnx"]
			delete(i.files, e.Path)
			e.Path = "data/u2net_human_seg.onnx"
			i.files[e.Path] = &e
			i.files["home/appuser/.u2net"] = &inventory.Entry{Path: "home/appuser/.u2net", Kind: inventory.Symlink,
				Link: "../../data"}
		}},
		"a model by its group": {"cpu", func(i *image) {
			e := i.files["home/appuser/.u2net/u2net_human_seg.onnx"]
			e.Mode, e.GID = 0o640, 44
		}},
		"one worker, told": {"cpu", func(i *image) {
			i.Config.Cmd = append(i.Config.Cmd, "--workers", "1")
		}},
		"workers forked after load": {"cpu",
			func(i *image) { i.Config.Cmd = []string{"gunicorn", "-w", "2", "--preload", "app"} }},
		"a directory with the sticky bit": {"cpu", func(i *image) { i.dir("var/tmp").Mode = 0o1777 }},
		"a link that everyone may write": {"cpu", func(i *image) {
			i.files["lib"] = &inventory.Entry{Path: "lib", Kind: inventory.Symlink, Link: "usr/lib", Mode: 0o777}
		}},
		"hard links": {"cpu", func(i *image) {
			i.files["opt/again.so"] = &inventory.Entry{Path: "opt/again.so", Kind: inventory.HardLink,
				Link: site + "torch/lib/libtorch_cpu.so"}
			i.files["opt/again.so"].Path = "zz/again.so"
		}},
		"a quick first photo": {"cpu", func(i *image) {
			i.seen.Photos = &verify.Photos{First: 600 * time.Millisecond, Third: 100 * time.Millisecond}
		}},
		"the program's own check": {"cpu", func(i *image) {
			i.Config.Health.Test = []string{"CMD", "/usr/bin/curl", "http://127.0.0.1:8000/readiness"}
		}},
		"small files that are equal": {"cpu", func(i *image) {
			for _, name := range []string{"a", "b", "c"} {
				i.file("app/"+name+"/__init__.py", 100).Sum = 5
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := sound(t, tt.variant)
			tt.change(i)
			if r := i.judge(t); len(found(r, finding.Fail)) > 0 {
				t.Error(statements(r))
			}
		})
	}
}

// TestCausesAddUp holds the sizes of random layers against the sum of their
// files, and the visible ones against what a container sees.
func TestCausesAddUp(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		inv := inventory.Inventory{Depth: inventory.LayersDepth}
		var total int64
		for range 1 + random.IntN(6) {
			layer := inventory.Layer{}
			for range random.IntN(12) {
				e := randomEntry(random)
				layer.Entries = append(layer.Entries, e)
				layer.Size += e.Size
			}
			total += layer.Size
			inv.Layers = append(inv.Layers, layer)
		}
		var err error
		if inv.Files, inv.Stored, err = inventory.Merge(inv.Layers); err != nil {
			t.Fatal(err)
		}
		sizes := verify.Causes(inv)
		var sum, seen int64
		for cause, n := range sizes.Causes {
			if n < 0 {
				t.Errorf("seed %d: %d bytes %s", seed, n, cause)
			}
			sum += n
		}
		for _, f := range inv.Stored {
			if f.Fate == inventory.Visible {
				seen += f.Size
			}
		}
		if sum != total || sizes.Total != total {
			t.Errorf("seed %d: the causes add up to %d, the total is %d, the layers have %d: %v", seed, sum,
				sizes.Total, total, sizes.Causes)
		}
		if want := inv.Files.Size(); seen != want {
			t.Errorf("seed %d: %d bytes are visible, and a container sees %d", seed, seen, want)
		}
	}
}

func randomEntry(r *rand.Rand) inventory.Entry {
	names := []string{"a", "b", "usr/c", "usr/d", "usr/lib/e", "app/x.onnx", "usr", "app", "l", "l/f"}
	e := inventory.Entry{Path: names[r.IntN(len(names))], Mode: 0o644}
	switch r.IntN(10) {
	case 0:
		e.Kind = inventory.Whiteout
	case 1:
		e.Kind = inventory.Opaque
	case 2:
		e.Kind = inventory.Dir
	case 3:
		e.Kind, e.Link = inventory.Symlink, names[r.IntN(len(names))]
	case 4:
		e.Kind, e.Link = inventory.HardLink, names[r.IntN(len(names))]
	default:
		e.Kind, e.Size, e.Sum = inventory.File, int64(r.IntN(3))*5000, uint64(1+r.IntN(3))
	}
	return e
}

// TestHiddenBytesOfADaemon: without the layers' files, what is hidden is what
// the layers have more than a container sees.
func TestHiddenBytesOfADaemon(t *testing.T) {
	t.Parallel()
	inv := inventory.Inventory{Depth: inventory.FilesDepth, Layers: []inventory.Layer{{Size: 300}, {Size: 100}},
		Files: inventory.NewTree([]inventory.Entry{{Path: "app/a", Kind: inventory.File, Size: 250},
			{Path: "app/b", Kind: inventory.HardLink, Link: "app/a"}})}
	sizes := verify.Causes(inv)
	if sizes.Total != 400 || sizes.Causes[verify.Application] != 250 || sizes.Causes[verify.Hidden] != 150 {
		t.Errorf("%+v", sizes)
	}
}

// TestScreen fits a terminal, and its bar has the width of one.
func TestScreen(t *testing.T) {
	t.Parallel()
	i := sound(t, "gpu")
	i.layer("COPY a rather long instruction that has "+strings.Repeat("words ", 40),
		inventory.Entry{Path: "w", Kind: inventory.File, Size: 300_000_000, Sum: 9})
	i.layer("RUN rm /w", inventory.Entry{Path: "w", Kind: inventory.Whiteout})
	i.file("app/main.py\x1b[31m", 10).Mode = 0o666
	r := i.judge(t)
	screen := r.Screen(80, plain)
	for line := range strings.Lines(screen) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if strings.Contains(screen, "\x1b") {
		t.Error("a file's name commands the terminal")
	}
	for _, want := range []string{"Size by cause", "deleted later", "all layers", "2 warnings", "! waste"} {
		if !strings.Contains(screen, want) {
			t.Errorf("no %q in\n%s", want, screen)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	old, now := sound(t, "cpu"), sound(t, "cpu")
	old.file("app/main.py", 10).Mode = 0o666
	old.Config.Health, old.seen.Windows = nil, nil
	now.Config.Health, now.seen.Windows = nil, nil
	now.file("root/.cache/pip/x", 5_000_000)
	c := now.judge(t).Compare(old.judge(t))
	if strings.Join(c.New, " ") != "leftovers" || strings.Join(c.Fixed, " ") != "world-writable" ||
		strings.Join(c.Same, " ") != "ready" ||
		c.Bytes != 4_999_990 || c.Causes[verify.Caches] != 5_000_000 {
		t.Errorf("%+v", c)
	}
}
