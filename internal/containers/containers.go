// Package containers deals with single containers of a daemon: it translates a
// plan for Docker's API, and creates, inspects, reads and removes containers,
// with the retries that Podman needs.
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

// CleanupTimeout limits the cleanup, which also runs after an interruption.
const CleanupTimeout = 10 * time.Second

// retryFor is how long, and pollInterval how often, to retry what the daemon
// should be able to do soon.
const (
	retryFor     = time.Second
	pollInterval = 50 * time.Millisecond
)

// Create is not interruptible: the daemon would finish anyway, and leave an
// unknown container.
func Create(ctx context.Context, docker client.APIClient, config *container.Config, host *container.HostConfig,
	platform *ocispec.Platform, name string) (container.CreateResponse, error) {
	if ctx.Err() != nil {
		return container.CreateResponse{}, ctx.Err()
	}
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(CleanupTimeout, cancel) })()
	return docker.ContainerCreate(whole, config, host, nil, platform, name)
}

// Remove removes a container. It retries briefly, because Podman (4.3) cannot
// remove one that is just exiting.
func Remove(ctx context.Context, docker client.APIClient, id string) error {
	return remove(ctx, docker, id, container.RemoveOptions{Force: true})
}

// RemoveWithVolumes also removes the container's volumes without names.
func RemoveWithVolumes(ctx context.Context, docker client.APIClient, id string) error {
	return remove(ctx, docker, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}

func remove(ctx context.Context, docker client.APIClient, id string, options container.RemoveOptions) error {
	return RetryBriefly(ctx, func() error {
		err := docker.ContainerRemove(ctx, id, options)
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}, client.IsErrConnectionFailed)
}

// Inspect describes a container. It retries briefly, because Podman (4.3)
// cannot inspect one that is just exiting.
func Inspect(ctx context.Context, docker client.APIClient, id string) (c container.InspectResponse, err error) {
	err = RetryBriefly(ctx, func() error {
		c, err = docker.ContainerInspect(ctx, id)
		return err
	}, func(err error) bool { return errdefs.IsNotFound(err) || client.IsErrConnectionFailed(err) })
	return c, err
}

// RetryBriefly retries what fails, unless the error is final.
func RetryBriefly(ctx context.Context, try func() error, final func(error) bool) error {
	for begin := time.Now(); ; time.Sleep(pollInterval) {
		err := try()
		if err == nil || final(err) || ctx.Err() != nil || time.Since(begin) > retryFor {
			return err
		}
	}
}

// LogOptions choose which part of a container's output is copied.
type LogOptions struct {
	Follow bool
	Tail   string // a number of lines, or "all"
	Since  string // a time in the daemon's format; empty means everything
}

// Logs copies a container's output to the writers. If the container has a
// terminal, as one started by hand may have, the daemon sends a single stream,
// which goes to stdout.
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
