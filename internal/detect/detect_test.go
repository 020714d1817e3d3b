package detect_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
)

func TestMain(m *testing.M) { dockertest.Main(m) }

// real returns the probes of this machine.
func real() detect.Probes {
	return detect.Probes{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Root: "/",
		Run: detect.Run, HostMemory: detect.HostMemory, GraphicsCards: detect.GraphicsCards,
		FreeDisk: helpercmd.FreeDisk, Listening: detect.Listening,
		LiteReference: func(arch string) (string, error) { return "facecraft-lite:" + arch, nil },
	}
}

// TestStubbornProgram: a program that hangs, ignores SIGTERM and leaves a child
// on its pipe gives an unknown after the time limit, and its child is killed.
func TestStubbornProgram(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("needs Linux: it looks for the child in /proc")
	}
	dir := t.TempDir()
	script := "#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho $! > " + dir + "/child\necho noise >&2\nwait\nwait\n"
	stubborn := filepath.Join(dir, "nvidia-smi")
	if err := os.WriteFile(stubborn, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	probes := real()
	probes.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if name != "nvidia-smi" {
			return detect.Run(ctx, name, args...)
		}
		return detect.Run(ctx, stubborn, args...)
	}
	begin := time.Now()
	facts := probes.Facts(t.Context(), detect.Scope{})
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("the probes took %s", took)
	}
	if facts.GPUs.Known || facts.GPUs.Evidence != "nvidia-smi did not answer within 3s" {
		t.Errorf("GPUs: %+v", facts.GPUs)
	}
	if !facts.Host.Memory.Known {
		t.Errorf("one probe broke another: %+v", facts.Host.Memory)
	}
	text, err := os.ReadFile(filepath.Join(dir, "child"))
	if err != nil {
		t.Fatal(err)
	}
	// Once killed, it is gone, or a zombie that its new parent has not reaped
	// yet.
	state := func() string {
		stat, _ := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(text)), "stat"))
		return string(stat)
	}
	deadline := time.Now().Add(time.Second)
	for ; state() != "" && !strings.Contains(state(), ") Z "); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the program's child is still running: %s", state())
		}
	}
}

// TestBrokenProbes: a probe that fails, panics or is killed gives an unknown
// with its cause, and nothing else is affected.
func TestBrokenProbes(t *testing.T) {
	t.Parallel()
	probes := real()
	probes.HostMemory = func(string) (int64, error) { panic("WMI gave nothing") }
	probes.GraphicsCards = func(string) ([]string, error) { return nil, errors.New("no bus") }
	probes.Run = func(context.Context, string, ...string) ([]byte, error) { return nil, errors.New("signal: killed") }
	probes.LiteReference = func(string) (string, error) { return "", errors.New("no executable") }
	facts := probes.Facts(t.Context(), detect.Scope{Helper: detect.Always})
	for what, got := range map[string]string{
		facts.Host.Memory.Evidence:        "ghw: WMI gave nothing",
		facts.Host.GraphicsCards.Evidence: "ghw: no bus",
		facts.GPUs.Evidence:               "nvidia-smi: signal: killed",
		facts.LiteImage.Evidence:          "no executable",
		facts.Daemon.Version.Evidence:     "no Docker daemon was reached",
		facts.Daemon.GPUProof.Evidence:    "no Docker daemon was reached",
	} {
		if what != got {
			t.Errorf("evidence %q, want %q", what, got)
		}
	}
}

func TestInterruptedProbes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	real().Facts(ctx, detect.Scope{})
	if took := time.Since(begin); took > time.Second {
		t.Errorf("an interrupted detection took %s", took)
	}
}

// withDocker adds the real daemon and the helper container of the program under
// test.
func withDocker(t testing.TB) detect.Probes {
	docker := dockertest.Engine(t)
	lite := dockertest.Lite(t)
	store := &images.Store{Docker: docker, Helper: func(string) (*helper.Helper, error) { return lite, nil }}
	helpers := &helper.Containers{Docker: docker, Instance: dockertest.Instance(t, docker), Image: store.EnsureLite}
	probes := real()
	probes.Daemon, probes.Endpoint, probes.Local = docker, docker.Endpoint.Host, docker.Endpoint.Local()
	probes.AskHelper = helpers.InspectMachine
	return probes
}

func TestRealDaemon(t *testing.T) {
	t.Parallel()
	facts := withDocker(t).Facts(t.Context(), detect.Scope{Helper: detect.Always})
	d := facts.Daemon
	for name, known := range map[string]bool{
		"version": d.Version.Known, "kind": d.Kind.Known, "arch": d.Arch.Known,
		"CPUs": d.CPUs.Value > 0, "memory": d.Memory.Value > 0,
		"cgroup": d.Cgroup.Known, "SELinux": d.SELinux.Known, "images": d.Images.Known,
	} {
		if !known {
			t.Errorf("%s is unknown: %+v", name, d)
		}
	}
	if d.DiskFree.Value <= 0 || d.DiskFree.Evidence != "the helper container" {
		t.Errorf("disk: %+v", d.DiskFree)
	}
	if dockertest.KeepsContent(t, dockertest.Engine(t)) && os.Getuid() == 0 {
		if _, err := os.Stat(filepath.Join(d.ImageDir.Value, "io.containerd.content.v1.content")); err != nil {
			t.Errorf("its images are not in %s: %v", d.ImageDir.Value, err)
		}
	}
	if d.FreeMemory.Value <= 0 || d.FreeMemory.Value > d.Memory.Value {
		t.Errorf("free memory: %+v of %+v", d.FreeMemory, d.Memory)
	}
}

// BenchmarkFacts measures what every plan waits for, compared with one docker
// info.
func BenchmarkFacts(b *testing.B) {
	probes := withDocker(b)
	look := detect.Scope{Ports: plan.Request{}.CandidatePorts()}
	var facts, info time.Duration
	for b.Loop() {
		facts += timed(func() { probes.Facts(b.Context(), look) })
		info += timed(func() { command(b, "docker", "info") })
	}
	report(b, facts, info, "times-docker-info")
}

// BenchmarkFactsWithHelper measures what doctor waits for: the helper container,
// compared with the same docker run.
func BenchmarkFactsWithHelper(b *testing.B) {
	probes := withDocker(b)
	look := detect.Scope{Ports: plan.Request{}.CandidatePorts(), Helper: detect.Always}
	probes.Facts(b.Context(), look) // loads the image
	lite := dockertest.Lite(b).Reference()
	var facts, run time.Duration
	for b.Loop() {
		facts += timed(func() { probes.Facts(b.Context(), look) })
		run += timed(func() {
			command(b, "docker", "run", "--rm", "--network", "none", lite, helpercmd.InspectMachineCommand)
		})
	}
	report(b, facts, run, "times-docker-run")
}

func timed(work func()) time.Duration {
	begin := time.Now()
	work()
	return time.Since(begin)
}

func command(b *testing.B, name string, args ...string) {
	if output, err := exec.CommandContext(b.Context(), name, args...).CombinedOutput(); err != nil {
		b.Fatalf("%s: %v\n%s", name, err, output)
	}
}

func report(b *testing.B, facts, other time.Duration, ratio string) {
	b.ReportMetric(float64(facts.Microseconds())/1000/float64(b.N), "ms-facts")
	b.ReportMetric(float64(facts)/float64(other), ratio)
}
