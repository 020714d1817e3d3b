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

	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
)

// Belonging is something in the daemon that a purge takes away.
type Belonging struct {
	Name string
	Size int64 // bytes; -1 is unknown
	// Containers of others, and other instances, use it. What is used stays.
	Containers, Instances []string
	volume                bool
}

// Stays tells whether others use it.
func (b Belonging) Stays() bool { return len(b.Containers)+len(b.Instances) > 0 }

// UsedBy names the others.
func (b Belonging) UsedBy() string {
	others := b.Containers
	for _, instance := range b.Instances {
		others = append(others, "the instance "+instance)
	}
	return strings.Join(others, ", ")
}

// Belongings are the instance's volumes, and the images that it brought or used,
// with what is kept of those that could not be pulled. users are the instances
// of each image, as images.Store.Users gives them.
func (r *Runner) Belongings(ctx context.Context, users map[string][]string) ([]Belonging, error) {
	containers, err := r.Docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	servers, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	claimed := map[string]bool{}
	for _, s := range servers {
		claimed[images.Familiar(s.Image)] = true
	}
	for image, instances := range users {
		claimed[image] = claimed[image] || slices.Contains(instances, r.Instance)
	}
	volumes, err := r.volumes(ctx, containers)
	if err != nil {
		return nil, err
	}
	found, err := r.images(ctx, claimed, users, containers)
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
		list = append(list, Belonging{Name: v.Name, Size: size, Containers: users, volume: true})
	}
	slices.SortFunc(list, func(a, b Belonging) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// images are those that are claimed, and what is kept of their pulls or of pulls
// that no instance claims.
func (r *Runner) images(ctx context.Context, claimed map[string]bool, users map[string][]string, containers []container.Summary) ([]Belonging, error) {
	local, err := r.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, err
	}
	var list []Belonging
	for _, img := range local {
		pulled, partial := img.Labels[images.LabelPartial]
		pulled = images.Familiar(pulled)
		names := img.RepoTags
		if len(names) == 0 {
			names = img.RepoDigests // pulled by its digest
		}
		for _, name := range names {
			of := images.Familiar(name)
			if partial {
				of = pulled
			}
			if !claimed[of] && !(partial && len(users[of]) == 0) {
				continue
			}
			others := slices.DeleteFunc(slices.Clone(users[of]), func(instance string) bool { return instance == r.Instance })
			byContainers := r.users(containers, func(c container.Summary) bool { return c.ImageID == img.ID })
			list = append(list, Belonging{Name: name, Size: img.Size, Containers: byContainers, Instances: others})
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
