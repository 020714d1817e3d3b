package run

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/progress"
)

const (
	// byOrderGrace is how long before its connection breaks a server may have
	// been told to stop: Docker gives it 10 s.
	byOrderGrace = 15 * time.Second
	// restartPoll is how often a stopped container is checked.
	restartPoll = 100 * time.Millisecond
)

// Revival says how a server came back.
type Revival struct {
	Started bool // by this program
	ByOrder bool // it was stopped or restarted through Docker
}

// Revive makes a server that stopped answering ready again. It waits for one
// that is running or was restarted by another program. If again allows it, it
// starts the container of one that died, and reports it as Died. Otherwise the
// error is the server's post-mortem. A removed container is not created again,
// and unmanaged servers are never started.
func (r *Runner) Revive(ctx context.Context, s Server, timeout time.Duration,
	again func(byOrder bool) bool) (revival Revival, err error) {
	const died = "died"
	deadline, broke := time.Now().Add(timeout), time.Now()
	for {
		before, _ := containers.Inspect(ctx, r.Docker, s.ID) // the next check says what is wrong
		// A process that is about to exit still counts as running, so waiting
		// shows which it was.
		waitErr := r.waitReady(ctx, s, died, 0, time.Until(deadline))
		// Podman tells of a restart before it stops the container, Docker, with its
		// kill, only afterwards.
		since := broke.Add(-byOrderGrace).Format(time.RFC3339Nano)
		revival.ByOrder = revival.ByOrder || r.ordered(ctx, s, since, events.ActionRestart)
		if waitErr == nil || ctx.Err() != nil {
			return revival, waitErr
		}
		now, err := r.whenRestarted(ctx, s, revival.ByOrder)
		switch {
		case errdefs.IsNotFound(err):
			return revival, fault.New(fault.Server, "", "the container %s was removed", s.Name)
		case err != nil:
			return revival, err
		case now.State.Running && before.ContainerJSONBase != nil && now.State.StartedAt != before.State.StartedAt:
			continue // it was restarted in the meantime
		case now.State.Running || s.Unmanaged || revival.Started || !again(revival.ByOrder):
			return revival, waitErr
		}
		r.Report(progress.Event{Stage: progress.Died, Subject: waitErr.Error()})
		if err := r.Docker.ContainerStart(ctx, s.ID, container.StartOptions{}); err != nil {
			return revival, refusal("start the container again", err)
		}
		revival.Started = true
	}
}

// whenRestarted inspects a container. If it was stopped through the daemon, it
// waits a while for it to run again, as after docker restart.
func (r *Runner) whenRestarted(ctx context.Context, s Server, byOrder bool) (container.InspectResponse, error) {
	for begin := time.Now(); ; {
		now, err := containers.Inspect(ctx, r.Docker, s.ID)
		if err != nil || now.State.Running || !byOrder || time.Since(begin) > restartGrace {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(restartPoll):
		}
	}
}
