package trial

import (
	"archive/tar"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/versions"

	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/inventory"
)

// ErrNotHere means that the daemon does not have the image.
var ErrNotHere = errors.New("the image is not available locally")

// Read takes the inventory of an image in the daemon. This program's own
// executable examines the files, in a container that runs no code from the image.
// Nothing is copied to this machine.
func (d *Daemon) Read(ctx context.Context, reference string, o inventory.Options) (inventory.Inventory, error) {
	inv := inventory.Inventory{Target: reference, Tag: inventory.TagOf(reference)}
	inv.Depth = min(o.Depth, inventory.FilesDepth)
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
		return d.readSaved(ctx, inv, inspected.Size, o)
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

// configOf returns the configuration as it is in the image: the daemon uses
// different names for some of it.
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

// countsFiles reports whether the daemon's sizes are sums of file sizes. The
// containerd store's are blocks on disk. (moby 53426)
func (d *Daemon) countsFiles(ctx context.Context) (bool, error) {
	info, err := d.Docker.Info(ctx)
	if err != nil {
		return false, err
	}
	if engine.HasContainerdStore(info) {
		return false, nil
	}
	return info.Driver == "overlay2" || info.Driver == "fuse-overlayfs" || info.Driver == "overlay", nil
}

// walkTimeout limits reading the files of one image.
const walkTimeout = 10 * time.Minute

// walk reads the image's files in a container.
func (d *Daemon) walk(ctx context.Context, inspected image.InspectResponse, interest inventory.Interest) (
	[]inventory.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, walkTimeout)
	defer cancel()
	d.sweep(ctx)
	version, err := d.Docker.ServerVersion(ctx)
	if err != nil {
		return nil, err
	}
	if versions.GreaterThanOrEqualTo(d.Docker.ClientVersion(), imageMounts) {
		return d.walkMounted(ctx, inspected.ID, version.Arch, interest)
	}
	return d.walkBeside(ctx, inspected, version.Arch, interest)
}

// imageMounts is the first API version in which a container can mount another
// image's files.
// (https://docs.docker.com/reference/api/engine/version-history/#v148-api-changes)
const imageMounts = "1.48"

// walkMounted mounts the image read-only in a container of the lite image.
func (d *Daemon) walkMounted(ctx context.Context, imageID, arch string, interest inventory.Interest) (
	[]inventory.Entry, error) {
	lite, err := d.Images.EnsureLite(ctx, arch)
	if err != nil {
		return nil, err
	}
	const root = "/image"
	order := inventory.Order{Interest: interest, Root: root, Out: "/found"}
	config, host, err := d.walker(lite.Reference, order)
	if err != nil {
		return nil, err
	}
	host.Mounts = []mount.Mount{{Type: mount.TypeImage, Source: imageID, Target: root, ReadOnly: true}}
	id, remove, err := d.create(ctx, config, host)
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := d.runToEnd(ctx, id); err != nil {
		return nil, err
	}
	return d.found(ctx, id, order.Out)
}

// enginesOwn lists files that the engine creates in every container, in place of
// the image's. (daemon/initlayer in moby)
var enginesOwn = []string{".dockerenv", "etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"}

// walkBeside copies the helper next to the image's files, in a container of the
// image that runs nothing else.
func (d *Daemon) walkBeside(ctx context.Context, inspected image.InspectResponse, arch string,
	interest inventory.Interest) (
	[]inventory.Entry, error) {
	h, err := d.Images.Helper(arch)
	if err != nil {
		return nil, err
	}
	place := fmt.Sprintf(".facecraft-%d", time.Now().UnixNano())
	order := inventory.Order{Interest: interest, Root: "/", Out: "/" + place + "/found",
		LeaveOut: append([]string{place}, enginesOwn...)}
	if inspected.Config != nil {
		order.Volumes = slices.Sorted(maps.Keys(inspected.Config.Volumes))
	}
	config, host, err := d.walker(inspected.ID, order)
	if err != nil {
		return nil, err
	}
	config.Entrypoint = []string{"/" + place + "/facecraft"}
	id, remove, err := d.create(ctx, config, host)
	if err != nil {
		return nil, err
	}
	defer remove()
	if err := d.Docker.CopyToContainer(ctx, id, "/", h.Carried(place), container.CopyToContainerOptions{}); err != nil {
		return nil, fmt.Errorf("copy the helper into a container of the image: %w", err)
	}
	if err := d.runToEnd(ctx, id); err != nil {
		return nil, err
	}
	return d.found(ctx, id, order.Out)
}

// walker returns a container that can read every file and change nothing outside
// itself.
func (d *Daemon) walker(image string, order inventory.Order) (*container.Config, *container.HostConfig, error) {
	words, err := json.Marshal(order)
	config := &container.Config{
		Image: image, User: "0:0", WorkingDir: "/", NetworkDisabled: true,
		Cmd: []string{inventory.WalkCommand, string(words)},
		// The image's own environment must not change how the helper runs.
		Env: []string{"GODEBUG=", "GOGC=50", "GOMEMLIMIT=", "GOTRACEBACK="},
	}
	d.labelled(config)
	host := &container.HostConfig{
		NetworkMode: "none",
		CapDrop:     []string{"ALL"}, CapAdd: []string{"DAC_READ_SEARCH"},
		SecurityOpt: []string{"no-new-privileges"},
		LogConfig:   container.LogConfig{Type: "json-file"},
	}
	return config, host, err
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
