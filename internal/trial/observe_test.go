package trial_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/trial"
	"github.com/djok/facecraft/internal/verify"
)

var bounds = trial.Bounds{Patience: 5 * time.Second, Watch: 2 * time.Second, CPUs: []float64{1}}

// stub is a server that makes portraits, with faults.
func stub(t *testing.T, d *trial.Daemon, faults ...string) plan.Container {
	t.Helper()
	reference := dockertest.Stub(t, d.Docker, append([]string{"portraits"}, faults...)...)
	return plan.Container{Instance: d.Instance, Name: d.Instance, Variant: "cpu", Image: plan.Image{Reference: reference}, User: "1000:1000",
		Publish: plan.Publish{Container: plan.ContainerPort}, Volumes: []plan.Volume{{Name: "uploads", Target: "/app/uploads"}, {Name: "processed", Target: "/app/processed"}},
		MemoryLimit: 256 << 20, PIDsLimit: 128, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"}, Init: true,
		Log: plan.LogRotation{MaxSize: "1m", MaxFiles: 1}, StopSeconds: 10}
}

// TestObservations: each fault of a real server gives the finding that it is,
// and no other of the run; a sound one gives none.
func TestObservations(t *testing.T) {
	for name, want := range map[string]string{
		"":          "",
		"early":     "ready",
		"lazy":      "lazy",
		"downloads": "offline",
		"shared":    "concurrent",
		"crashes":   "concurrent",
		"stubborn":  "meta",
		"open":      "apikey cors",
		"hoards":    "disk-growth",
		"never":     "ready",
	} {
		t.Run(name, func(t *testing.T) {
			d := daemon(t)
			before := volumes(t, d.Docker)
			var faults []string
			if name != "" {
				faults = []string{name}
			}
			seen, err := d.Observe(t.Context(), stub(t, d, faults...), bounds)
			if err != nil || !seen.Ran {
				t.Fatalf("%v, %s", err, seen.Why)
			}
			failed, text := runFindings(t, seen)
			if strings.Join(failed, " ") != want {
				t.Errorf("failed %v, want %s\n%s", failed, want, text)
			}
			if name == "" && strings.Contains(text, "unknown ") {
				t.Errorf("of a sound server something is not known:\n%s", text)
			}
			nothingLeft(t, d)
			if after := volumes(t, d.Docker); after > before {
				t.Errorf("%d volumes, %d before", after, before)
			}
		})
	}
}

// runFindings judges the observations of an image about which nothing else is
// known.
func runFindings(t *testing.T, seen verify.Observations) (failed []string, text string) {
	t.Helper()
	known, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	all, err := finding.Checks()
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.Inventory{Target: "stub", Tag: "cpu", Depth: inventory.ConfigDepth, Config: inventory.Config{User: "1000", Platform: "linux/amd64",
		Health: &inventory.Health{Test: []string{"CMD-SHELL", "curl -f http://localhost:8000/readiness"}}, Exposed: []string{"8000/tcp"},
		Labels: map[string]string{"org.opencontainers.image.source": "x", "org.opencontainers.image.version": "1", "org.opencontainers.image.title": "x",
			"org.opencontainers.image.licenses": "MIT"}}}
	report := verify.Judge(inv, seen, known, "cpu", all)
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

// TestInterrupted leaves nothing behind.
func TestInterrupted(t *testing.T) {
	d := daemon(t)
	container := stub(t, d, "never")
	ctx, cancel := context.WithCancel(t.Context())
	d.Say = func(string, ...any) { time.AfterFunc(2*time.Second, cancel) }
	begun := time.Now()
	if _, err := d.Observe(ctx, container, trial.Bounds{Patience: time.Hour}); err == nil {
		t.Error("no error")
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	nothingLeft(t, d)
}
