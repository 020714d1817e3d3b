// Package trial tests an image in the daemon: it reads the image's files without
// running its code, and observes its server in fresh containers. It removes
// everything that it creates in the daemon.
package trial

import (
	"bytes"
	"context"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/remains"
)

// Daemon is the Docker daemon that has the images.
type Daemon struct {
	Docker     client.APIClient
	Instance   string        // the instance that the containers belong to
	Images     *images.Store // for the helper's image
	Version    string        // of this program
	Unfinished *remains.List
	// FreeDisk returns the free bytes where the daemon keeps its images; nil
	// means unknown.
	FreeDisk func(context.Context) (int64, error)
	Say      func(format string, args ...any) // reports progress; may be nil

	helper plan.Image // loaded into the daemon
}

// create creates a container. remove removes it with its volumes, even after an
// interruption.
func (d *Daemon) create(ctx context.Context, config *container.Config, host *container.HostConfig) (
	id string, remove func(), err error) {
	gone := d.Unfinished.Add("a container that tests an image", plan.DownCommand(d.Instance))
	created, err := containers.Create(ctx, d.Docker, config, host, nil, "")
	if err != nil {
		gone()
		return "", nil, err
	}
	return created.ID, func() {
		if d.remove(ctx, created.ID) == nil {
			gone()
		}
	}, nil
}

func (d *Daemon) remove(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), containers.CleanupTimeout)
	defer cancel()
	return containers.RemoveWithVolumes(ctx, d.Docker, id)
}

// sweep removes what killed calls left behind.
func (d *Daemon) sweep(ctx context.Context) { containers.RemoveStaleHelpers(ctx, d.Docker, d.Instance) }

// maxLog limits how much of a log is kept, in bytes.
const maxLog = 1 << 20

// log returns the lines that a container wrote.
func (d *Daemon) log(ctx context.Context, id string) []string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), containers.CleanupTimeout)
	defer cancel()
	var out capped
	_ = containers.Logs(ctx, d.Docker, id, &out, &out, containers.LogOptions{})
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func (d *Daemon) lastWords(ctx context.Context, id string) string {
	lines := d.log(ctx, id)
	return lines[len(lines)-1]
}

// capped keeps the first maxLog bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:max(0, min(len(p), maxLog-c.Len()))])
	return len(p), nil
}
