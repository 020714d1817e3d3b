package run_test

import (
	"context"
	"slices"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// TestBelongingsOfExports: the volumes and the network of a generated file go,
// unless a stack uses them.
func TestBelongingsOfExports(t *testing.T) {
	docker := dockertest.Engine(t)
	r := &run.Runner{Docker: docker, Instance: dockertest.Instance(t, docker)}
	name, labels := r.Instance+"_export", map[string]string{plan.LabelInstance: r.Instance}
	if _, err := docker.VolumeCreate(t.Context(), volume.CreateOptions{Name: name, Labels: labels}); err != nil {
		t.Fatal(err)
	}
	if _, err := docker.NetworkCreate(t.Context(), name, network.CreateOptions{Labels: labels}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = docker.NetworkRemove(context.Background(), name) })
	task, err := docker.ContainerCreate(t.Context(), &container.Config{Image: dockertest.Stub(t, docker, "silent"),
		Labels: map[string]string{"com.docker.stack.namespace": "crowd"}},
		&container.HostConfig{Binds: []string{name + ":/its"}, NetworkMode: container.NetworkMode(name)}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	remove := func() {
		_ = docker.ContainerRemove(t.Context(), task.ID, container.RemoveOptions{Force: true})
	}
	defer remove()
	for _, b := range belongingsOf(t, r) {
		if b.UsedBy() != "the stack crowd (docker stack rm crowd)" {
			t.Errorf("%s is used by %q", b.Name, b.UsedBy())
		}
	}
	remove()
	for _, b := range belongingsOf(t, r) {
		if b.Stays() {
			t.Errorf("%s stays for %q", b.Name, b.UsedBy())
		}
		for range 2 { // what is already gone is not a failure
			if err := r.Remove(t.Context(), b); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := docker.NetworkInspect(t.Context(), name, network.InspectOptions{}); !errdefs.IsNotFound(err) {
		t.Errorf("the network is still there: %v", err)
	}
	if _, err := docker.VolumeInspect(t.Context(), name); !errdefs.IsNotFound(err) {
		t.Errorf("the volume is still there: %v", err)
	}
}

// belongingsOf returns the volume and the network of the instance.
func belongingsOf(t *testing.T, r *run.Runner) []run.Belonging {
	t.Helper()
	list, err := r.Belongings(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(b run.Belonging) bool { return b.Kind == run.Image })
	if len(list) != 2 || list[0].Kind != run.Volume || list[1].Kind != run.Network {
		t.Fatalf("belongings %+v", list)
	}
	return list
}
