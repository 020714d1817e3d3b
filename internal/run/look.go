package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// staleLook is when a helper container that does not run can only be one whose
// launcher was killed. One that runs may be giving files away for long.
const staleLook = time.Minute

// Look runs the lite image of an architecture for a moment, with GPUs if a
// request is given, and returns what it sees from inside. The container is
// gone when Look returns. A refused GPU request is inside.ErrRefused.
func (r *Runner) Look(ctx context.Context, arch string, gpus *plan.GPURequest) (inside.View, error) {
	var view inside.View
	h, err := r.Images.Helper(arch)
	if err != nil {
		return view, err
	}
	image := plan.Image{Reference: h.Reference(), Platform: "linux/" + arch, BuiltIn: true}
	if _, err := r.Images.EnsureBuiltIn(ctx, image, quietly); err != nil {
		return view, err
	}
	output, err := r.inHelper(ctx, image, &container.Config{Cmd: []string{inside.Command}}, &container.HostConfig{
		SecurityOpt: []string{"no-new-privileges"},
		Resources:   container.Resources{DeviceRequests: devices(gpus)},
	})
	if err != nil {
		return view, refused(ctx, gpus, err)
	}
	if err := json.Unmarshal(output, &view); err != nil {
		return view, fmt.Errorf("unexpected answer %q: %w", output, err)
	}
	return view, nil
}

// quietly is the report of what nobody has to be told.
func quietly(progress.Event) {}

// inHelper runs a command in a container of the lite image, with what all such
// containers have in common, and returns what it wrote. The container is gone
// then.
func (r *Runner) inHelper(ctx context.Context, image plan.Image, config *container.Config, host *container.HostConfig) ([]byte, error) {
	r.removeStaleLooks(ctx)
	config.Image = image.Reference
	config.Labels = map[string]string{plan.LabelProbe: r.Instance}
	// The image's own is that of a server.
	config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	host.NetworkMode = "none" // which is also the quickest to set up
	host.CapDrop = []string{"ALL"}
	host.LogConfig = container.LogConfig{Type: "json-file"} // one that can be read
	defer r.Unfinished.Add("a helper container", r.downCommand())()
	created, err := r.createWhole(ctx, config, host, platform(image.Platform), "")
	if err != nil {
		return nil, err
	}
	defer r.Discard(Server{ID: created.ID})
	return r.runToEnd(ctx, created.ID)
}

// createWhole is not interrupted half way, where the daemon would go on and
// nobody know the container.
func (r *Runner) createWhole(ctx context.Context, config *container.Config, host *container.HostConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error) {
	if ctx.Err() != nil {
		return container.CreateResponse{}, ctx.Err()
	}
	whole, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(cleanupTimeout, cancel) })()
	return r.Docker.ContainerCreate(whole, config, host, nil, platform, name)
}

// runToEnd starts a container and returns what it wrote. It reads the log
// rather than attach first, which Podman refuses before the start.
func (r *Runner) runToEnd(ctx context.Context, id string) ([]byte, error) {
	if err := r.Docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return nil, err
	}
	ended, failed := r.Docker.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case err := <-failed:
		return nil, err
	case <-ended:
	}
	var stdout, stderr bytes.Buffer
	if err := r.Logs(ctx, Server{ID: id}, &stdout, &stderr, LogOptions{}); err != nil {
		return nil, err
	}
	if stdout.Len() == 0 {
		return nil, fmt.Errorf("a container that looked said %q", strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func refused(ctx context.Context, gpus *plan.GPURequest, err error) error {
	if gpus == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", inside.ErrRefused, err)
}

// removeStaleLooks takes away what a killed launcher left.
func (r *Runner) removeStaleLooks(ctx context.Context) {
	list, err := r.looks(ctx)
	if err != nil {
		return // the next step meets the same trouble and reports it
	}
	for _, c := range list {
		stale := staleLook
		if c.State == "running" {
			stale = giveTimeout
		}
		if time.Since(time.Unix(c.Created, 0)) > stale {
			_ = r.remove(ctx, c.ID)
		}
	}
}

// looks are the helper containers of the instance.
func (r *Runner) looks(ctx context.Context) ([]container.Summary, error) {
	return r.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelProbe+"="+r.Instance)),
	})
}
