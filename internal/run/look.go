package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
)

// staleLook is when a container that looks around can only be one whose
// launcher was killed.
const staleLook = time.Minute

// Look runs the lite image of an architecture for a moment, with GPUs if a
// request is given, and returns what it sees from inside. The container is
// gone when Look returns. A refused GPU request is inside.ErrRefused.
func (r *Runner) Look(ctx context.Context, arch string, gpus *plan.GPURequest) (inside.View, error) {
	var view inside.View
	h, err := r.Helper(arch)
	if err != nil {
		return view, err
	}
	image := plan.Image{Reference: h.Reference(), Platform: "linux/" + arch, BuiltIn: true}
	quiet := *r
	quiet.Report = func(Event) {}
	if _, err := quiet.EnsureImage(ctx, image); err != nil {
		return view, err
	}
	r.removeStaleLooks(ctx)
	config := &container.Config{Image: image.Reference, Cmd: []string{inside.Command},
		Labels: map[string]string{plan.LabelProbe: r.Instance}}
	host := &container.HostConfig{
		NetworkMode: "none", // which is also the quickest to set up
		CapDrop:     []string{"ALL"},
		SecurityOpt: []string{"no-new-privileges"},
		Resources:   container.Resources{DeviceRequests: devices(gpus)},
	}
	created, err := r.Docker.ContainerCreate(ctx, config, host, nil, platform(image.Platform), "")
	if err != nil {
		return view, refused(ctx, gpus, err)
	}
	defer r.Discard(Server{ID: created.ID})
	output, err := r.runToEnd(ctx, created.ID)
	if err != nil {
		return view, refused(ctx, gpus, err)
	}
	if err := json.Unmarshal(output, &view); err != nil {
		return view, fmt.Errorf("unexpected answer %q: %w", output, err)
	}
	return view, nil
}

// runToEnd starts a container and returns what it wrote.
func (r *Runner) runToEnd(ctx context.Context, id string) ([]byte, error) {
	stream, err := r.Docker.ContainerAttach(ctx, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	// The stream knows nothing of the context.
	defer context.AfterFunc(ctx, stream.Close)()
	if err := r.Docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	if _, err := stdcopy.StdCopy(&stdout, &stderr, stream.Reader); err != nil {
		return nil, err
	}
	if stdout.Len() == 0 {
		return nil, fmt.Errorf("it said nothing but %q", stderr.String())
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
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelProbe+"="+r.Instance)),
	})
	if err != nil {
		return // the next step meets the same trouble and reports it
	}
	for _, c := range list {
		if time.Since(time.Unix(c.Created, 0)) > staleLook {
			_ = r.remove(ctx, c.ID)
		}
	}
}
