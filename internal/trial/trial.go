// Package trial puts an image of the daemon to the test: it looks at its files
// without running its code, and watches it run. Everything that it makes in the daemon is gone
// when it returns.
package trial

import (
	"bytes"
	"context"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/remains"
)

// Daemon is where the images are.
type Daemon struct {
	Docker     client.APIClient
	Instance   string        // under which the trial's containers are known
	Images     *images.Store // which has the helper
	Version    string        // of this program
	Unfinished *remains.List
	// FreeDisk is how many bytes are free where the daemon keeps its images; it
	// may be nil.
	FreeDisk func(context.Context) (int64, error)
	Say      func(format string, args ...any) // what is being done; may be nil

	arch string // of the daemon, as GOARCH
}

// create makes a container, which remove takes away with its volumes, also
// after an interruption.
func (d *Daemon) create(ctx context.Context, config *container.Config, host *container.HostConfig) (id string, remove func(), err error) {
	gone := d.Unfinished.Add("a container that looks at an image", "docker ps --all --filter label=io.facecraft.probe="+d.Instance)
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
	return containers.RetryBriefly(ctx, func() error {
		err := d.Docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}, client.IsErrConnectionFailed)
}

// maxLog is how much of a log is kept, in bytes.
const maxLog = 1 << 20

// log are the lines that a container wrote.
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

// capped keeps the first bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:max(0, min(len(p), maxLog-c.Len()))])
	return len(p), nil
}
