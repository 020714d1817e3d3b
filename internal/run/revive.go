package run

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/fault"
)

// Revive makes a server that stopped answering ready again: it waits for one
// whose process runs, and starts the container of one that died. A container
// that is gone was removed by somebody, and stays so.
func (r *Runner) Revive(ctx context.Context, s Server, timeout time.Duration) error {
	servers, err := r.Servers(ctx)
	if err != nil {
		return err
	}
	for _, now := range servers {
		if now.ID != s.ID {
			continue
		}
		if !now.Running() {
			if err := r.Docker.ContainerStart(ctx, s.ID, container.StartOptions{}); err != nil {
				return fmt.Errorf("start the container again: %w", err)
			}
		}
		return r.WaitReady(ctx, s, 0, timeout)
	}
	return fault.New(fault.Server, "run the same command again", "the container %s was removed", s.Name)
}
