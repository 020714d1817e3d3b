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
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
)

// Belonging is something in the daemon that a purge removes.
type Belonging struct {
	Name string
	Size int64 // bytes; -1 means unknown
	// Containers and Instances are unrelated containers and other instances
	// that use it. What is in use is kept.
	Containers, Instances []string
	Kind                  Kind
}

// Kind is what a belonging is.
type Kind int

// The kinds of belongings.
const (
	Image Kind = iota
	Volume
	Network // of a Compose file that facecraft generated
)

// Stays reports whether it is kept because something else uses it.
func (b Belonging) Stays() bool { return len(b.Containers)+len(b.Instances) > 0 }

// UsedBy names what else uses it.
func (b Belonging) UsedBy() string {
	others := b.Containers
	for _, instance := range b.Instances {
		others = append(others, "the instance "+instance)
	}
	return strings.Join(others, ", ")
}

// Belongings returns the instance's volumes and networks, the images that it pulled, loaded
// or used, and the remains of unfinished pulls. users are the instances of each
// image, from images.Store.Users.
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
	networks, err := r.networks(ctx, containers)
	if err != nil {
		return nil, err
	}
	found, err := r.images(ctx, claimed, users, containers)
	return slices.Concat(volumes, networks, found), err
}

// stackLabel is Docker's, on the containers of a Swarm stack.
const stackLabel = "com.docker.stack.namespace"

// users returns the names of other containers that use something, whether or
// not they belong to another instance. Swarm replaces a container that is
// removed, so of a stack it says what removes all.
func (r *Runner) users(containers []container.Summary, uses func(container.Summary) bool) []string {
	var names []string
	for _, c := range containers {
		if c.Labels[plan.LabelInstance] == r.Instance || len(c.Names) == 0 || !uses(c) {
			continue
		}
		name := strings.TrimPrefix(c.Names[0], "/")
		if stack := c.Labels[stackLabel]; stack != "" {
			name = "the stack " + stack + " (docker stack rm " + stack + ")"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// volumes returns the instance's volumes. Podman's disk usage (4.3) has the
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
		list = append(list, Belonging{Name: v.Name, Size: size, Containers: users, Kind: Volume})
	}
	slices.SortFunc(list, func(a, b Belonging) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// networks returns the instance's networks.
func (r *Runner) networks(ctx context.Context, containers []container.Summary) ([]Belonging, error) {
	own, err := r.Docker.NetworkList(ctx, network.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+r.Instance))})
	if err != nil {
		return nil, err
	}
	var list []Belonging
	for _, n := range own {
		users := r.users(containers, func(c container.Summary) bool {
			return c.NetworkSettings != nil && c.NetworkSettings.Networks[n.Name] != nil
		})
		list = append(list, Belonging{Name: n.Name, Containers: users, Kind: Network})
	}
	slices.SortFunc(list, func(a, b Belonging) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// images returns the claimed images, and the remains of their pulls and of pulls
// that no instance claims.
func (r *Runner) images(ctx context.Context, claimed map[string]bool, users map[string][]string,
	containers []container.Summary) ([]Belonging, error) {
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
			names = img.RepoDigests // pulled by digest
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

// Remove permanently removes a belonging.
func (r *Runner) Remove(ctx context.Context, b Belonging) error {
	var err error
	switch b.Kind {
	case Volume:
		err = r.Docker.VolumeRemove(ctx, b.Name, false)
	case Network:
		err = r.Docker.NetworkRemove(ctx, b.Name)
	case Image:
		_, err = r.Docker.ImageRemove(ctx, b.Name, image.RemoveOptions{})
	}
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
