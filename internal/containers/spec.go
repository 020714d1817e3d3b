package containers

import (
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/go-connections/nat"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/djok/facecraft/internal/plan"
)

// Spec translates a plan for Docker's API. The plan decides everything except
// the values of its secrets; labels identify the plan and this program's
// version.
func Spec(c plan.Container, secrets map[string]string, version string) (*container.Config, *container.HostConfig,
	*ocispec.Platform) {
	config := &container.Config{
		Image:        c.Image.Reference,
		Cmd:          c.Args,
		User:         c.User,
		Env:          Environment(c, secrets),
		ExposedPorts: nat.PortSet{containerPort(c): {}},
		Labels:       c.Labels(version),
		StopTimeout:  &c.StopSeconds,
		Healthcheck:  healthCheck(c.Health),
	}
	host := &container.HostConfig{
		NetworkMode:  container.NetworkMode(c.Network),
		PortBindings: PortBindings(c),
		Mounts:       Mounts(c),
		Binds:        Relabelled(c.Binds),
		GroupAdd:     c.GroupAdd,
		UsernsMode:   container.UsernsMode(c.UserNamespace),
		// The daemon's default, 1777 and noexec, suits spooled uploads.
		Tmpfs:          tmpfs(c.Tmpfs),
		ReadonlyRootfs: c.ReadOnly,
		CapDrop:        c.CapDrop,
		SecurityOpt:    c.SecurityOpt,
		Resources: container.Resources{
			Memory: c.MemoryLimit,
			// Without this the container could use as much swap again, and a
			// swapping machine is worse than an error.
			MemorySwap:     c.MemoryLimit,
			PidsLimit:      &c.PIDsLimit,
			DeviceRequests: Devices(c.GPUs),
		},
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{
			"max-size": c.Log.MaxSize, "max-file": strconv.Itoa(c.Log.MaxFiles),
		}},
	}
	// By default a server that died is not restarted: you can see why it died,
	// and it does not load its models over and over.
	host.RestartPolicy.Name = container.RestartPolicyMode(c.Restart)
	if c.Init {
		host.Init = &c.Init
	}
	return config, host, Platform(c.Image.Platform)
}

func containerPort(c plan.Container) nat.Port {
	return nat.Port(strconv.Itoa(c.Publish.Container) + "/tcp")
}

// PortBindings publishes the container's port; nil publishes nothing.
func PortBindings(c plan.Container) nat.PortMap {
	if c.Publish.Nowhere() {
		return nil
	}
	return nat.PortMap{containerPort(c): {{HostIP: c.Publish.Address, HostPort: strconv.Itoa(c.Publish.Port)}}}
}

func healthCheck(h plan.Health) *container.HealthConfig {
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return &container.HealthConfig{Test: h.Test, Interval: seconds(h.IntervalSeconds), Timeout: seconds(h.TimeoutSeconds),
		StartPeriod: seconds(h.StartSeconds), Retries: h.Retries}
}

// Environment returns a container's variables as NAME=VALUE, including the
// values of its secrets.
func Environment(c plan.Container, secrets map[string]string) []string {
	var list []string
	for _, e := range c.Env {
		list = append(list, e.Name+"="+e.Value)
	}
	for _, s := range c.Secrets {
		list = append(list, s.Name+"="+secrets[s.Name])
	}
	return list
}

// Mounts uses mounts instead of Binds: a missing host directory is then an
// error, where Binds would create it as root. A new named volume takes the
// owner of the image's directory, so the server can write to it whoever runs
// Docker.
func Mounts(c plan.Container) []mount.Mount {
	var list []mount.Mount
	for _, v := range c.Volumes {
		list = append(list, mount.Mount{Type: mount.TypeVolume, Source: v.Name, Target: v.Target})
	}
	for _, b := range c.Binds {
		if !b.Relabel {
			list = append(list, mount.Mount{Type: mount.TypeBind, Source: b.Source, Target: b.Target, ReadOnly: b.ReadOnly})
		}
	}
	return list
}

// Relabelled returns the directories to relabel for SELinux: only Binds can
// express that.
func Relabelled(binds []plan.Bind) []string {
	var list []string
	for _, b := range binds {
		options := ":z"
		if b.ReadOnly {
			options += ",ro"
		}
		if b.Relabel {
			list = append(list, b.Source+":"+b.Target+options)
		}
	}
	return list
}

func tmpfs(paths []string) map[string]string {
	if len(paths) == 0 {
		return nil
	}
	list := map[string]string{}
	for _, path := range paths {
		list[path] = ""
	}
	return list
}

// Devices requests GPUs as `docker run --gpus` does: all with Count -1, some by
// ID; the daemon rejects both at once.
func Devices(gpus *plan.GPURequest) []container.DeviceRequest {
	if gpus == nil {
		return nil
	}
	request := container.DeviceRequest{Capabilities: [][]string{{"gpu"}}, DeviceIDs: gpus.IDs}
	if len(gpus.IDs) == 0 {
		request.Count = -1
	}
	return []container.DeviceRequest{request}
}

// Platform parses a platform such as linux/amd64; nil leaves the choice to the
// daemon.
func Platform(name string) *ocispec.Platform {
	os, arch, ok := strings.Cut(name, "/")
	if !ok {
		return nil
	}
	return &ocispec.Platform{OS: os, Architecture: arch}
}
