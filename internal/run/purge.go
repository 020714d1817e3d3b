package run

import (
	"context"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/plan"
)

// Belonging is something in the daemon that a purge takes away.
type Belonging struct {
	Name string
	Size int64 // bytes; -1 is unknown
	// UsedBy are containers of others. What they use stays.
	UsedBy []string
	volume bool
}

// Belongings are the instance's volumes, and the images that references name
// or that its servers run.
func (r *Runner) Belongings(ctx context.Context, references []string) ([]Belonging, error) {
	containers, err := r.Docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	for _, c := range containers {
		if c.Labels[plan.LabelInstance] == r.Instance {
			references = append(references, c.Image)
		}
	}
	volumes, err := r.volumes(ctx)
	if err != nil {
		return nil, err
	}
	images, err := r.images(ctx, references, containers)
	return append(volumes, images...), err
}

// volumes are those of the instance. Podman's account of the disk (4.3) has the
// sizes but not the labels.
func (r *Runner) volumes(ctx context.Context) ([]Belonging, error) {
	usage, err := r.Docker.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.VolumeObject}})
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, v := range usage.Volumes {
		if v.UsageData != nil {
			sizes[v.Name] = v.UsageData.Size
		}
	}
	own, err := r.Docker.VolumeList(ctx, volume.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+r.Instance))})
	if err != nil {
		return nil, err
	}
	var list []Belonging
	for _, v := range own.Volumes {
		size, known := sizes[v.Name]
		if !known {
			size = -1
		}
		list = append(list, Belonging{Name: v.Name, Size: size, volume: true})
	}
	return list, nil
}

func (r *Runner) images(ctx context.Context, references []string, containers []container.Summary) ([]Belonging, error) {
	images, err := r.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, err
	}
	var list []Belonging
	for _, img := range images {
		for _, tag := range img.RepoTags {
			if !slices.Contains(references, tag) {
				continue
			}
			b := Belonging{Name: tag, Size: img.Size}
			for _, c := range containers {
				if c.ImageID == img.ID && c.Labels[plan.LabelInstance] != r.Instance && len(c.Names) > 0 {
					b.UsedBy = append(b.UsedBy, strings.TrimPrefix(c.Names[0], "/"))
				}
			}
			list = append(list, b)
		}
	}
	return list, nil
}

// Remove takes a belonging away, for good.
func (r *Runner) Remove(ctx context.Context, b Belonging) error {
	var err error
	if b.volume {
		err = r.Docker.VolumeRemove(ctx, b.Name, false)
	} else {
		_, err = r.Docker.ImageRemove(ctx, b.Name, image.RemoveOptions{})
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// RemoveLooks takes away the helper containers that killed calls left.
func (r *Runner) RemoveLooks(ctx context.Context) error {
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{
		All:     true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelProbe+"="+r.Instance)),
	})
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := r.remove(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}
