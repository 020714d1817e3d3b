package run

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/fault"
)

// Revive makes a server that stopped answering ready again: it waits for one
// whose process runs, and starts the container of one that died, once. A
// container that is gone was removed by somebody, and stays so.
func (r *Runner) Revive(ctx context.Context, s Server, timeout time.Duration) error {
	// A process that is about to end still counts as running, so the waiting
	// tells what it was.
	waitErr := r.WaitReady(ctx, s, 0, timeout)
	if waitErr == nil || ctx.Err() != nil {
		return waitErr
	}
	servers, err := r.Servers(ctx)
	if err != nil {
		return err
	}
	for _, now := range servers {
		switch {
		case now.ID != s.ID:
		case now.Running():
			return waitErr
		default:
			if err := r.Docker.ContainerStart(ctx, s.ID, container.StartOptions{}); err != nil {
				return fmt.Errorf("start the container again: %w", err)
			}
			return r.WaitReady(ctx, s, 0, timeout)
		}
	}
	return fault.New(fault.Server, "run the same command again", "the container %s was removed", s.Name)
}
