package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/run"
)

func runner(t *testing.T) (*run.Runner, plan.Container) {
	t.Helper()
	docker := dockertest.Engine(t)
	lite := dockertest.Lite(t)
	instance := dockertest.Instance(t, docker)
	store := &images.Store{Docker: docker, Helper: func(string) (*helper.Helper, error) { return lite, nil }}
	r := &run.Runner{Docker: docker, Instance: instance, Report: func(progress.Event) {},
		Helpers: &helper.Containers{Docker: docker, Instance: instance, Image: store.EnsureLite}}
	return r, plan.Container{Instance: r.Instance, Name: r.Instance, Image: plan.Image{Reference: "stub",
		Platform: "linux/amd64"}, User: "1000:1000", Log: plan.LogRotation{MaxSize: "1m", MaxFiles: 1},
		Publish: plan.Publish{Address: plan.Loopback, Port: dockertest.FreePort(t), Container: plan.ContainerPort}}
}

// stub replaces a plan's image with one that behaves as told.
func stub(t *testing.T, r *run.Runner, p *plan.Container, behaviour ...string) {
	t.Helper()
	p.Image.Reference = dockertest.Stub(t, r.Docker, behaviour...)
}

// TestEater: a server that uses all its memory is killed by the kernel.
func TestEater(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	stub(t, r, &p, "eats")
	p.MemoryLimit = 48 << 20
	server, _, err := r.Start(t.Context(), p, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = r.WaitReady(t.Context(), server, time.Second, 30*time.Second)
	if fault.CodeOf(err) != fault.Server || !strings.Contains(err.Error(), "killed: out of memory; its limit is 48 MiB") {
		t.Errorf("reported as %v", err)
	}
	if !strings.Contains(err.Error(), "MB of models") {
		t.Errorf("its last log lines are missing: %v", err)
	}
}

// TestCrashLoop: a server that its restart policy keeps restarting.
func TestCrashLoop(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	stub(t, r, &p, "says")
	p.Restart = "always"
	server, _, err := r.Start(t.Context(), p, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = r.WaitReady(t.Context(), server, time.Second, 30*time.Second)
	if fault.CodeOf(err) != fault.Server || !strings.Contains(err.Error(), "it keeps crashing") {
		t.Errorf("reported as %v", err)
	}
	// The next call removes it, unless it happens to be running just then.
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := r.RemoveDead(t.Context())
		servers, _ := r.List(t.Context())
		if err == nil && len(servers) == 0 {
			return
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("not removed: %+v, %v", servers, err)
		}
	}
}

// TestUnmanagedServer: a server that someone else started, with a terminal,
// and that died: its end is reported, and it is not restarted.
func TestUnmanagedServer(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	config := &container.Config{Image: dockertest.Stub(t, r.Docker, "dies"), Tty: true,
		Labels: map[string]string{plan.LabelHelper: r.Instance}}
	created, err := r.Docker.ContainerCreate(t.Context(), config, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Docker.ContainerStart(t.Context(), created.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	server := run.Server{ID: created.ID, Name: "theirs", URL: p.Publish.URL(), Unmanaged: true}
	revival, err := r.Revive(t.Context(), server, time.Minute, func(bool) bool { return true })
	if revival.Started || err == nil || !strings.Contains(err.Error(), "exit code 3") ||
		!strings.Contains(err.Error(), "loading models") {
		t.Errorf("%+v, reported as %v", revival, err)
	}
}

// TestUnproven: a helper container that cannot run does not count against the
// server.
func TestUnproven(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	stub(t, r, &p, "silent")
	r.Helpers.Image = func(context.Context, string) (plan.Image, error) {
		return plan.Image{}, errors.New("this build has none")
	}
	var unproven bool
	r.Report = func(e progress.Event) { unproven = unproven || e.Stage == progress.Unproven }
	if _, _, err := r.Start(t.Context(), p, 0, nil); err != nil || !unproven {
		t.Errorf("%v, %v", unproven, err)
	}
}

// TestWrongArchitecture: an image whose program looks to the kernel like that
// of a different architecture.
func TestWrongArchitecture(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	img, err := mutate.Config(dockertest.ImageOf(t, dockertest.FileLayer(t, "server", []byte("\x7fNOT"))),
		v1.Config{Entrypoint: []string{"/server"}})
	if err != nil {
		t.Fatal(err)
	}
	p.Image.Reference = dockertest.Load(t, r.Docker, img)
	server, _, err := r.Start(t.Context(), p, 0, nil)
	if err == nil { // newer daemons let the server's process fail instead
		err = r.WaitReady(t.Context(), server, time.Second, 30*time.Second)
	}
	if !strings.Contains(err.Error(), "the image is for a different architecture") ||
		!strings.Contains(fault.HintOf(err), "emulation") {
		t.Errorf("reported as %v (%s)", err, fault.HintOf(err))
	}
}

// TestTakenPort: without a check in advance, only the daemon can detect a port
// in use.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	stub(t, r, &p, "silent")
	first, _, err := r.Start(t.Context(), p, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := *r
	other.Instance = dockertest.Instance(t, dockertest.Engine(t))
	p.Instance, p.Name = other.Instance, other.Instance
	if _, _, err := other.Start(context.WithoutCancel(t.Context()), p, 0, nil); !errors.Is(err, run.ErrPortTaken) {
		t.Errorf("the port of %s gave %v", first.Name, err)
	}
	if servers, err := other.List(t.Context()); err != nil || len(servers) != 0 {
		t.Errorf("left behind %v (%v)", servers, err)
	}
}

// TestUnloadable: a server whose models cannot be loaded keeps running, and
// would try again on each readiness request.
func TestUnloadable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line, fix string
		want      []string
	}{
		"as its log says": {"Warning: Error initializing processor: Expected one of cpu, cuda device type at start of " +
			"device string: gpu",
			"set it to auto, cpu, cuda or cuda:0",
			[]string{"cannot load its models: Warning: Error initializing processor: Expected one of",
				"FACECRAFT_DEVICE is not a device"}},
		"as its answers say": {"====", "facecraft up --recreate with the same flags",
			[]string{"cannot load its models", "known issue", "questions at once: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := runner(t)
			stub(t, r, &p, "unloadable", tt.line)
			server, _, err := r.Start(t.Context(), p, 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			err = r.WaitReady(t.Context(), server, time.Second, time.Minute)
			if fault.CodeOf(err) != fault.Server || !strings.Contains(fault.HintOf(err), tt.fix) ||
				time.Since(begin) > 20*time.Second {
				t.Errorf("after %v reported as %v (%s)", time.Since(begin), err, fault.HintOf(err))
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			var log strings.Builder
			if err := r.Logs(t.Context(), server, &log, &log, containers.LogOptions{Tail: "all"}); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(log.String(), "questions at once: 2") || strings.Count(log.String(), "questions") > 3 {
				t.Errorf("it was polled too often:\n%s", &log)
			}
		})
	}
}

// TestRestarted: a busy server that someone restarts is waited for again, as
// often as that happens. One that crashes is started again.
func TestRestarted(t *testing.T) {
	t.Parallel()
	r, p := runner(t)
	stub(t, r, &p, "old", "1s")
	server, _, err := r.Start(t.Context(), p, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.WaitReady(t.Context(), server, time.Second, time.Minute); err != nil {
		t.Fatal(err)
	}
	never := func(bool) bool { return false }
	for range 2 {
		restarted := make(chan error, 1)
		zero := 0
		go func() {
			restarted <- r.Docker.ContainerRestart(context.WithoutCancel(t.Context()), server.ID,
				container.StopOptions{Timeout: &zero})
		}()
		waitGone(t, server)
		revival, err := r.Revive(t.Context(), server, time.Minute, never)
		if err != nil || revival.Started || !revival.ByOrder {
			t.Errorf("%+v, reported as %v", revival, err)
		}
		if err := <-restarted; err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Docker.ContainerKill(t.Context(), server.ID, "KILL"); err != nil {
		t.Fatal(err)
	}
	if revival, err := r.Revive(t.Context(), server, time.Minute, never); err == nil || revival.Started ||
		!strings.Contains(err.Error(), "stopped through Docker") {
		t.Errorf("killed: %+v, %v", revival, err)
	}
	if revival, err := r.Revive(t.Context(), server, time.Minute, func(byOrder bool) bool {
		return byOrder
	}); err != nil || !revival.Started {
		t.Errorf("killed, and may be restarted: %+v, %v", revival, err)
	}
}

// waitGone waits until a server no longer answers.
func waitGone(t *testing.T, s run.Server) {
	t.Helper()
	client := api.New(s.URL)
	defer client.Close()
	for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if _, err := client.Ready(t.Context()); err != nil {
			return
		}
	}
	t.Fatal("it still answers")
}
