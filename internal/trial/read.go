package trial

import (
	"archive/tar"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"

	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
)

// ErrNotHere is that the daemon does not have the image.
var ErrNotHere = errors.New("the image is not available locally")

// Read makes the inventory of an image of the daemon. Its files are looked at
// by this program's own executable in a container that is made of the image
// and never runs anything of it: nothing is copied to this machine.
func (d *Daemon) Read(ctx context.Context, reference string, o inventory.Options) (inventory.Inventory, error) {
	inv := inventory.Inventory{Target: reference, Tag: inventory.TagOf(reference), Depth: min(o.Depth, inventory.FilesDepth)}
	inspected, err := d.Docker.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) {
		return inv, ErrNotHere
	}
	if err != nil {
		return inv, err
	}
	if inv.Config, inv.Layers, err = configOf(inspected); err != nil {
		return inv, err
	}
	inv.Digest = inspected.ID
	if err := d.history(ctx, inspected.ID, &inv); err != nil {
		return inv, err
	}
	if o.Depth == inventory.ConfigDepth {
		return inv, nil
	}
	if o.Depth >= inventory.LayersDepth {
		return d.readSaved(ctx, inv, o)
	}
	entries, ok := o.Recall(inspected.RootFS.Layers)
	if !ok {
		if entries, err = d.walk(ctx, inspected, o.Interest); err != nil {
			return inv, err
		}
		o.Remember(inspected.RootFS.Layers, entries)
	}
	inv.Files = inventory.NewTree(entries)
	return inv, nil
}

// configOf is the configuration as the image has it: the daemon's answer has
// its own names for some of it.
func configOf(inspected image.InspectResponse) (inventory.Config, []inventory.Layer, error) {
	data, err := json.Marshal(map[string]any{
		"os": inspected.Os, "architecture": inspected.Architecture, "config": inspected.Config,
		"rootfs": map[string]any{"diff_ids": inspected.RootFS.Layers},
	})
	if err != nil {
		return inventory.Config{}, nil, err
	}
	config, layers, err := inventory.ParseConfig(data)
	config.Created, _ = time.Parse(time.RFC3339Nano, inspected.Created)
	return config, layers, err
}

// history adds the instructions and the layers' sizes.
func (d *Daemon) history(ctx context.Context, id string, inv *inventory.Inventory) error {
	steps, err := d.Docker.ImageHistory(ctx, id)
	if err != nil {
		return err
	}
	slices.Reverse(steps)
	var list []inventory.Measured
	for _, step := range steps {
		list = append(list, inventory.Measured{CreatedBy: step.CreatedBy, Size: step.Size})
	}
	exact, err := d.countsFiles(ctx)
	if err != nil {
		return err
	}
	inv.SetHistory(list, exact)
	return nil
}

// countsFiles tells whether the daemon's sizes are sums of files' sizes. Those
// of the containerd store are blocks of a disk. (moby 53426)
func (d *Daemon) countsFiles(ctx context.Context) (bool, error) {
	info, err := d.Docker.Info(ctx)
	if err != nil {
		return false, err
	}
	for _, status := range info.DriverStatus {
		if strings.HasPrefix(status[1], "io.containerd.snapshotter") {
			return false, nil
		}
	}
	return info.Driver == "overlay2" || info.Driver == "fuse-overlayfs" || info.Driver == "overlay", nil
}

// walkTimeout bounds the look at the files of one image.
const walkTimeout = 10 * time.Minute

// walk looks at the files in a container.
func (d *Daemon) walk(ctx context.Context, inspected image.InspectResponse, interest inventory.Interest) ([]inventory.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, walkTimeout)
	defer cancel()
	version, err := d.Docker.ServerVersion(ctx)
	if err != nil {
		return nil, err
	}
	h, err := d.Images.Helper(version.Arch)
	if err != nil {
		return nil, err
	}
	place := fmt.Sprintf(".facecraft-%d", time.Now().UnixNano())
	order := inventory.Order{Interest: interest, Out: "/" + place + "/found", LeaveOut: []string{place, ".dockerenv"}}
	if inspected.Config != nil {
		for volume := range inspected.Config.Volumes {
			order.Volumes = append(order.Volumes, volume)
		}
	}
	id, remove, err := d.createWalker(ctx, inspected.ID, place, order)
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := d.Docker.CopyToContainer(ctx, id, "/", h.Carried(place), container.CopyToContainerOptions{}); err != nil {
		return nil, fmt.Errorf("put the helper beside the image's files: %w", err)
	}
	if err := d.runToEnd(ctx, id); err != nil {
		return nil, err
	}
	return d.found(ctx, id, order.Out)
}

// createWalker makes a container that can read everything and change nothing
// of the daemon's world. It runs the helper, and of the image no more than its
// files are there.
func (d *Daemon) createWalker(ctx context.Context, image, place string, order inventory.Order) (id string, remove func(), err error) {
	words, err := json.Marshal(order)
	if err != nil {
		return "", nil, err
	}
	config := &container.Config{
		Image: image, User: "0:0", WorkingDir: "/", NetworkDisabled: true,
		Entrypoint: []string{"/" + place + "/facecraft"}, Cmd: []string{inventory.WalkCommand, string(words)},
		// The image's own environment must not change how the helper runs.
		Env:         []string{"GODEBUG=", "GOGC=50", "GOMEMLIMIT=", "GOTRACEBACK="},
		Labels:      map[string]string{plan.LabelHelper: d.Instance},
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
	host := &container.HostConfig{
		NetworkMode: "none",
		CapDrop:     []string{"ALL"}, CapAdd: []string{"DAC_READ_SEARCH"},
		SecurityOpt: []string{"no-new-privileges"},
		LogConfig:   container.LogConfig{Type: "json-file"},
	}
	return d.create(ctx, config, host)
}

func (d *Daemon) runToEnd(ctx context.Context, id string) error {
	if err := d.Docker.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return err
	}
	ended, failed := d.Docker.ContainerWait(ctx, id, container.WaitConditionNotRunning)
	select {
	case err := <-failed:
		return err
	case end := <-ended:
		if end.StatusCode != 0 {
			return fmt.Errorf("the helper ended with exit code %d: %s", end.StatusCode, d.lastWords(ctx, id))
		}
	}
	return nil
}

// found reads what the helper wrote.
func (d *Daemon) found(ctx context.Context, id, file string) ([]inventory.Entry, error) {
	content, _, err := d.Docker.CopyFromContainer(ctx, id, file)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	archive := tar.NewReader(content)
	if _, err := archive.Next(); err != nil {
		return nil, err
	}
	var entries []inventory.Entry
	err = gob.NewDecoder(archive).Decode(&entries)
	if err == nil {
		_, err = io.Copy(io.Discard, content)
	}
	return entries, err
}
