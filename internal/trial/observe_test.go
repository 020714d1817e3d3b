package trial_test

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/trial"
	"github.com/djok/facecraft/internal/verify"
)

var bounds = trial.Bounds{Patience: 3 * time.Second, Watch: time.Second, WatchMax: time.Minute,
	CPUs: []float64{1}, Busy: 1200 * time.Millisecond, Probe: 500 * time.Millisecond}

// server is how up would start an image.
func server(d *trial.Daemon, reference string) plan.Container {
	return plan.Container{Instance: d.Instance, Name: d.Instance, Variant: "lite", Image: plan.Image{Reference: reference},
		User: "1000:1000", Publish: plan.Publish{Container: plan.ContainerPort},
		Volumes:     []plan.Volume{{Name: "uploads", Target: "/app/uploads"}, {Name: "processed", Target: "/app/processed"}},
		Env:         []plan.Env{{Name: "FACECRAFT_CORS_ORIGINS", Value: "http://127.0.0.1:8000"}},
		MemoryLimit: 256 << 20, PIDsLimit: 128, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		Init: true, Log: plan.LogRotation{MaxSize: "1m", MaxFiles: 1}, StopSeconds: 10}
}

// pitfall is a server with one fault, and the only check that fails.
type pitfall struct {
	fault, want string
	health      *inventory.Health // of the image, if not that of sound ones
	libraries   string            // what its Python says
	layer       []tar.Header      // above the server's
	says        string
}

var quickCheck = &inventory.Health{Test: []string{"CMD-SHELL", "curl -f http://localhost:8000/readiness"},
	StartPeriod: time.Minute, Interval: 100 * time.Millisecond, Timeout: 100 * time.Millisecond, Retries: 2}

var shortCheck = &inventory.Health{Test: quickCheck.Test, Interval: time.Second, Timeout: time.Second, Retries: 1}

var python = []tar.Header{{Name: "python3", Typeflag: tar.TypeSymlink, Linkname: "/facecraft"}}

var pitfalls = []pitfall{
	{},
	{fault: "early", want: "ready", says: `{"ready":false}`},
	{fault: "never", want: "ready", says: "does not get ready"},
	{fault: "ends", want: "ready", says: "no models"},
	{fault: "unwell", want: "ready", says: "fails while the server is ready"},
	{fault: "lazy", want: "lazy"},
	{fault: "downloads", want: "offline", says: "Downloading model.onnx"},
	{fault: "fetches", want: "offline", says: "does not get ready without a network"},
	{fault: "broken", want: "offline", says: "without a network or with one"},
	{fault: "shared", want: "concurrent", says: "a different portrait"},
	{fault: "crashes", want: "concurrent", says: "dies"},
	{fault: "fails", want: "concurrent", says: "at once fail"},
	{fault: "stubborn", want: "meta", says: "SIGTERM"},
	{fault: "open", want: "cors", says: "stranger.invalid"},
	{fault: "reads", want: "cors", says: "with credentials"},
	{fault: "keyless", want: "apikey", says: "without the key is answered with 200"},
	{fault: "anykey", want: "apikey", says: "with a wrong key is answered with 200"},
	{fault: "hoards", want: "disk-growth"},
	{fault: "dirs", want: "disk-growth", says: "empty job directories"},
	{fault: "workers", want: "workers", says: "2 processes have loaded models"},
	{fault: "slow", want: "health-window", health: shortCheck, says: "gives up after 2s"},
	{fault: "deaf", want: "health-window", health: quickCheck, says: "in a row while a photo is processed"},
	{fault: "", want: "cache-perm", layer: []tar.Header{{Name: "app/uploads/", Typeflag: tar.TypeDir, Mode: 0o755}},
		says: "cannot write to /app/uploads"},
	{want: "torch-cuda", layer: python, libraries: told("torch", `"version":"2.0.1+cu118","cuda":"11.8"`),
		says: "CUDA 11.8 in a CPU image"},
	{want: "torch-cuda", layer: python, libraries: told("torch", `"problem":"OSError: libcudart.so.11.0"`),
		says: "libcudart.so.11.0"},
	{want: "dlib-blas", layer: python, libraries: told("dlib", `"version":"19.24.6","blas":false,"lapack":false`),
		says: "built without BLAS"},
	{want: "ort-both", layer: python, libraries: told("onnxruntime", `"problem":"ImportError: no _pybind11_state"`),
		says: "cannot be imported"},
	{layer: python, libraries: told("dlib", `"version":"19.24.6","blas":true,"lapack":true`) +
		told("onnxruntime", `"version":"1.16.3","providers":["CPUExecutionProvider"]`) +
		told("torch", `"version":"2.0.1+cpu"`),
		says: "dlib was built with BLAS and LAPACK"},
}

// told is what the script prints about a library.
func told(name, facts string) string {
	return fmt.Sprintf("{\"name\":%q}\n{\"name\":%q,%s}\n", name, name, facts)
}

// atOnce is how many images are observed at the same time: mostly they wait.
const atOnce = 6

// TestPitfalls: each fault of a real server gives its finding and no other of
// what only running shows; a sound server gives none.
func TestPitfalls(t *testing.T) {
	d := daemon(t)
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	seen := make([]verify.Observations, len(pitfalls))
	chosen := func(n int) bool { return !testing.Short() || n%14 == 0 } // enough for the race detector
	for n, tt := range pitfalls {
		if !chosen(n) {
			continue
		}
		container := server(d, tt.image(t, d))
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			seen[n], _ = d.Observe(t.Context(), container, tt.bounds())
		})
	}
	wg.Wait()
	for n, tt := range pitfalls {
		t.Run(tt.fault+" "+tt.want, func(t *testing.T) {
			if !chosen(n) {
				t.Skip("skipped with -short")
			}
			if !seen[n].Ran {
				t.Fatal(seen[n].Why)
			}
			failed, text := tt.judge(t, seen[n])
			if strings.Join(failed, " ") != tt.want || !strings.Contains(text, tt.says) {
				t.Errorf("failed %v, want %s and %q\n%s", failed, tt.want, tt.says, text)
			}
			if tt.fault == "" && tt.layer == nil && strings.Contains(text, "unknown ") {
				t.Errorf("something is not known of a sound server:\n%s", text)
			}
		})
	}
	nothingLeft(t, d)
}

// bounds leave out the starts with few CPUs where no check of the image can
// differ for them.
func (p pitfall) bounds() trial.Bounds {
	b := bounds
	if p.fault != "slow" && p.fault != "deaf" && p.fault != "unwell" && (p.fault != "" || p.layer != nil) {
		b.CPUs = nil
	}
	return b
}

func (p pitfall) image(t *testing.T, d *trial.Daemon) string {
	t.Helper()
	change := func(c *v1.Config) {
		c.Cmd = append([]string{"portraits"}, strings.Fields(p.fault)...)
		c.Env = append(c.Env, "LIBRARIES="+p.libraries)
	}
	if p.layer == nil {
		return dockertest.StubWith(t, d.Docker, change)
	}
	return dockertest.StubWith(t, d.Docker, change, layerOf(t, p.layer...))
}

// judge judges the observations of an image about which nothing else is wrong.
func (p pitfall) judge(t *testing.T, seen verify.Observations) (failed []string, text string) {
	t.Helper()
	known, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	all, err := finding.Checks()
	if err != nil {
		t.Fatal(err)
	}
	health := p.health
	if health == nil {
		health = &inventory.Health{Test: quickCheck.Test, StartPeriod: 3 * time.Minute}
	}
	inv := inventory.Inventory{Target: "stub", Depth: inventory.FilesDepth}
	inv.Config = inventory.Config{User: "1000", Platform: "linux/amd64", Health: health, Exposed: []string{"8000/tcp"},
		Labels: map[string]string{"org.opencontainers.image.source": "x", "org.opencontainers.image.version": "1",
			"org.opencontainers.image.title": "x", "org.opencontainers.image.licenses": "MIT"}}
	var entries []inventory.Entry
	for _, dir := range []string{"app", "bin", "app/uploads", "app/processed"} {
		entries = append(entries, inventory.Entry{Path: dir, Kind: inventory.Dir, UID: 1000, Mode: 0o755})
	}
	for _, file := range []string{"bin/sh", "bin/curl"} {
		entries = append(entries, inventory.Entry{Path: file, Kind: inventory.File, Mode: 0o755})
	}
	inv.Files = inventory.NewTree(entries)
	report := verify.Judge(inv, seen, known, "lite", all)
	for _, f := range report.Findings {
		if f.Status == finding.Fail && !slices.Contains(failed, f.ID) {
			failed = append(failed, f.ID)
		}
		if f.Status == finding.Unknown && f.Depth == "run" {
			text += "unknown "
		}
		text += f.ID + ": " + f.Statement + " " + strings.Join(f.Evidence, "; ") + "\n"
	}
	slices.Sort(failed)
	return failed, text
}

// TestEveryRunCheckHasItsServer: a check that no server of the set fails could
// as well be missing.
func TestEveryRunCheckHasItsServer(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"offline", "ready", "health-window", "cache-perm", "torch-cuda", "ort-both", "dlib-blas",
		"lazy", "concurrent", "workers", "disk-growth", "cors", "apikey", "meta"} {
		if !slices.ContainsFunc(pitfalls, func(p pitfall) bool { return p.want == id }) {
			t.Errorf("no server with %s", id)
		}
	}
}

// TestCleanupAtStart cannot tell a cleanup with a long interval from none.
func TestCleanupAtStart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a server's whole life")
	}
	t.Parallel()
	d := daemon(t)
	tt := pitfall{fault: "starts"}
	seen, err := d.Observe(t.Context(), server(d, tt.image(t, d)), bounds)
	if err != nil {
		t.Fatal(err)
	}
	if failed, text := tt.judge(t, seen); len(failed) > 0 || !strings.Contains(text, "longer intervals are not watched") {
		t.Errorf("failed %v\n%s", failed, text)
	}
}

// TestInterrupted removes everything.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := daemon(t)
	reference := pitfall{fault: "never"}.image(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	d.Say = func(string, ...any) { time.AfterFunc(2*time.Second, cancel) }
	begun := time.Now()
	if _, err := d.Observe(ctx, server(d, reference), trial.Bounds{Patience: time.Hour}); err == nil {
		t.Error("no error")
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	nothingLeft(t, d)
}

// TestKilled: what a killed process leaves is removed by the next call, with its
// volumes, and what a living one needs is not.
func TestKilled(t *testing.T) {
	t.Parallel()
	d := daemon(t)
	reference := pitfall{fault: "never"}.image(t, d)
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	mine := containers.HelperLabels(d.Instance)
	killed := containers.HelperLabels(d.Instance)
	here := strings.TrimSuffix(mine[plan.LabelOwner], fmt.Sprint(os.Getpid()))
	killed[plan.LabelOwner] = here + fmt.Sprint(dead.Process.Pid)
	for _, labels := range []map[string]string{mine, killed} {
		config := &container.Config{Image: reference, Labels: labels, Volumes: map[string]struct{}{"/app/uploads": {}}}
		host := &container.HostConfig{NetworkMode: "none"}
		created, err := d.Docker.ContainerCreate(t.Context(), config, host, nil, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Docker.ContainerStart(t.Context(), created.ID, container.StartOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = containers.RemoveWithVolumes(context.Background(), d.Docker, created.ID) })
	}
	containers.RemoveStaleHelpers(t.Context(), d.Docker, d.Instance)
	left, err := containers.Helpers(t.Context(), d.Docker, d.Instance)
	if err != nil || len(left) != 1 || left[0].Labels[plan.LabelOwner] != mine[plan.LabelOwner] {
		t.Errorf("%v, left %+v", err, left)
	}
}
