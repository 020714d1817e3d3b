package helper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
)

// left returns the helper containers of an instance, including stopped ones.
func left(t *testing.T, docker *engine.Engine, instance string) []container.Summary {
	t.Helper()
	list, err := docker.ContainerList(context.WithoutCancel(t.Context()), container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+instance))})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestLook uses the real daemon: it sees the container's view, recognises a
// refusal, and never leaves a container behind.
func TestLook(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	lite := dockertest.Lite(t)
	store := &images.Store{Docker: docker, Helper: func(string) (*helper.Helper, error) { return lite, nil }}
	r := &helper.Containers{Docker: docker, Instance: dockertest.Instance(t, docker), Image: store.EnsureLite}

	view, err := r.InspectMachine(t.Context(), "amd64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if view.FreeDisk <= 0 || view.FreeMemory <= 0 || view.Devices == nil {
		t.Errorf("saw %+v", view)
	}

	view, err = r.InspectMachine(t.Context(), "amd64", plan.NewGPURequest([]string{plan.AllGPUs}))
	if err != nil && !errors.Is(err, helpercmd.ErrGPURefused) {
		t.Errorf("a GPU request ended in %v", err)
	}
	if err == nil && len(view.Devices) == 0 {
		t.Log("the daemon ignores GPU requests")
	}

	for _, delay := range []time.Duration{0, 10, 30, 60, 100, 150, 200, 300} {
		ctx, cancel := context.WithTimeout(t.Context(), delay*time.Millisecond)
		if _, err := r.InspectMachine(ctx, "amd64", nil); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a Look interrupted after %d ms ended in %v", delay, err)
		}
		cancel()
	}
	if list := left(t, docker, r.Instance); len(list) > 0 {
		t.Errorf("left %d containers: %+v", len(list), list)
	}
}
