package run

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/progress"
)

// Revive makes a server that stopped answering ready again: it waits for one
// whose process runs and, where again allows it, starts the container of one
// that died, which it then reports as Died. Otherwise its error is the server's
// post-mortem. A container that is gone was removed by somebody, and stays so;
// others' containers are never started.
func (r *Runner) Revive(ctx context.Context, s Server, timeout time.Duration, again bool) (started bool, err error) {
	const died = "died"
	// A process that is about to end still counts as running, so the waiting
	// tells what it was.
	waitErr := r.waitReady(ctx, s, died, 0, timeout)
	if waitErr == nil || ctx.Err() != nil {
		return false, waitErr
	}
	now, err := containers.Inspect(ctx, r.Docker, s.ID)
	switch {
	case errdefs.IsNotFound(err):
		return false, fault.New(fault.Server, "", "the container %s was removed", s.Name)
	case err != nil:
		return false, err
	case now.State.Running || s.Other || !again:
		return false, waitErr
	}
	r.Report(progress.Event{Stage: progress.Died, Subject: waitErr.Error()})
	if err := r.Docker.ContainerStart(ctx, s.ID, container.StartOptions{}); err != nil {
		return true, refusal("start the container again", err)
	}
	return true, r.waitReady(ctx, s, died, 0, timeout)
}
