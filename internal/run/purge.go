package run

import (
	"context"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/images"
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
// or that its servers run, with what is kept of those that could not be pulled.
func (r *Runner) Belongings(ctx context.Context, references []string) ([]Belonging, error) {
	containers, err := r.Docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	servers, err := r.Servers(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range servers {
		references = append(references, s.Image)
	}
	volumes, err := r.volumes(ctx, containers)
	if err != nil {
		return nil, err
	}
	found, err := r.images(ctx, references, containers)
	return append(volumes, found...), err
}

// users are the names of other instances' containers and of others', by what
// they use.
func (r *Runner) users(containers []container.Summary, uses func(container.Summary) bool) []string {
	var names []string
	for _, c := range containers {
		if c.Labels[plan.LabelInstance] != r.Instance && len(c.Names) > 0 && uses(c) {
			names = append(names, strings.TrimPrefix(c.Names[0], "/"))
		}
	}
	return names
}

// volumes are those of the instance. Podman's account of the disk (4.3) has the
// sizes but not the labels.
func (r *Runner) volumes(ctx context.Context, containers []container.Summary) ([]Belonging, error) {
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
		users := r.users(containers, func(c container.Summary) bool {
			return slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Name == v.Name })
		})
		list = append(list, Belonging{Name: v.Name, Size: size, UsedBy: users, volume: true})
	}
	slices.SortFunc(list, func(a, b Belonging) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func (r *Runner) images(ctx context.Context, references []string, containers []container.Summary) ([]Belonging, error) {
	local, err := r.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, reference := range references {
		wanted = append(wanted, familiar(reference))
	}
	var list []Belonging
	for _, img := range local {
		partial := slices.Contains(wanted, familiar(img.Labels[images.LabelPartial]))
		names := img.RepoTags
		if len(names) == 0 {
			names = img.RepoDigests // pulled by its digest
		}
		for _, name := range names {
			if !partial && !slices.Contains(wanted, familiar(name)) {
				continue
			}
			users := r.users(containers, func(c container.Summary) bool { return c.ImageID == img.ID })
			list = append(list, Belonging{Name: name, Size: img.Size, UsedBy: users})
		}
	}
	return list, nil
}

// familiar is an image reference as people write it, whose domain and tag
// daemons write in several ways.
func familiar(name string) string {
	named, err := reference.ParseNormalizedNamed(plan.ShortName(name))
	if err != nil {
		return name
	}
	return reference.FamiliarString(reference.TagNameOnly(named))
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
