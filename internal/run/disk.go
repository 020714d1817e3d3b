package run

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
)

// diskTimeout bounds the question for the free disk.
const diskTimeout = 20 * time.Second

// FreeDisk is how many bytes are free where the daemon keeps its images. Only
// a container can see that: the daemon may live in a virtual machine or on
// another host. It is this program's own image, which prints what its root
// file system has left.
func (r *Runner) FreeDisk(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, diskTimeout)
	defer cancel()
	version, err := r.Docker.ServerVersion(ctx)
	if err != nil {
		return 0, err
	}
	lite, err := r.Helper(version.Arch)
	if err != nil {
		return 0, err
	}
	image := plan.Image{Reference: lite.Reference(), Platform: version.Os + "/" + version.Arch, BuiltIn: true}
	if _, err := r.EnsureImage(ctx, image); err != nil {
		return 0, err
	}
	output, err := r.once(ctx, image.Reference, helper.DiskCommand)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(output), 10, 64)
}

// once runs a command of this program's image to its end, without network,
// and returns what it printed.
func (r *Runner) once(ctx context.Context, image string, command ...string) (string, error) {
	created, err := r.Docker.ContainerCreate(ctx, &container.Config{Image: image, Cmd: command},
		&container.HostConfig{NetworkMode: "none", CapDrop: []string{"ALL"}, ReadonlyRootfs: true}, nil, nil, "")
	if err != nil {
		return "", err
	}
	defer r.Discard(Server{ID: created.ID})
	ended, failed := r.Docker.ContainerWait(ctx, created.ID, container.WaitConditionNextExit)
	if err := r.Docker.ContainerStart(ctx, created.ID, container.StartOptions{}); err != nil {
		return "", err
	}
	var status int64
	select {
	case err := <-failed:
		return "", err
	case end := <-ended:
		status = end.StatusCode
	}
	var out bytes.Buffer
	if err := r.Logs(ctx, Server{ID: created.ID}, &out, &out, LogOptions{Tail: "all"}); err != nil {
		return "", err
	}
	if status != 0 {
		return "", fmt.Errorf("%s: exit code %d: %s", strings.Join(command, " "), status, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}
