// Package containers is what is done to single containers of a daemon: a plan's
// put into Docker's words, created whole, described, read and removed, with the
// patience that Podman's ways ask for.
package containers

import (
	"context"
	"io"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// CleanupTimeout bounds the work of leaving nothing half made, which also has
// to happen after an interruption.
const CleanupTimeout = 10 * time.Second

// moment is how long the daemon is asked again for what it is about to be able
// to do, and pollInterval how often.
const (
	moment       = time.Second
	pollInterval = 50 * time.Millisecond
)

// Create is not interrupted half way, where the daemon would go on and
// nobody know the container.
func Create(ctx context.Context, docker client.APIClient, config *container.Config, host *container.HostConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error) {
	if ctx.Err() != nil {
		return container.CreateResponse{}, ctx.Err()
	}
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(CleanupTimeout, cancel) })()
	return docker.ContainerCreate(whole, config, host, nil, platform, name)
}

// Remove takes a container away. It goes on trying for a moment, because Podman
// (4.3) cannot remove one that ends by itself meanwhile.
func Remove(ctx context.Context, docker client.APIClient, id string) error {
	return ForAMoment(ctx, func() error {
		err := docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}, client.IsErrConnectionFailed)
}

// Inspect describes a container. It goes on trying for a moment, because Podman
// (4.3) cannot describe one that ends meanwhile.
func Inspect(ctx context.Context, docker client.APIClient, id string) (c container.InspectResponse, err error) {
	err = ForAMoment(ctx, func() error {
		c, err = docker.ContainerInspect(ctx, id)
		return err
	}, func(err error) bool { return errdefs.IsNotFound(err) || client.IsErrConnectionFailed(err) })
	return c, err
}

// ForAMoment tries again what fails, unless the error is a final one.
func ForAMoment(ctx context.Context, try func() error, final func(error) bool) error {
	for begin := time.Now(); ; time.Sleep(pollInterval) {
		err := try()
		if err == nil || final(err) || ctx.Err() != nil || time.Since(begin) > moment {
			return err
		}
	}
}

// LogOptions choose what of a container's output is copied.
type LogOptions struct {
	Follow bool
	Tail   string // a number of lines, or "all"
	Since  string // a time as the daemon writes it; empty is all
}

// Logs copies a container's output to the writers. All goes to stdout where the
// container has a terminal, as people's may: the daemon sends it as it is then.
func Logs(ctx context.Context, docker client.APIClient, id string, stdout, stderr io.Writer, options LogOptions) error {
	inspect, err := Inspect(ctx, docker, id)
	if err != nil {
		return err
	}
	body, err := docker.ContainerLogs(ctx, id, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: options.Follow, Tail: options.Tail, Since: options.Since,
	})
	if err != nil {
		return err
	}
	defer body.Close()
	if inspect.Config.Tty {
		_, err = io.Copy(stdout, body)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, body)
	}
	return err
}
