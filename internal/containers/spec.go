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

// Spec translates a plan into Docker's words. Everything is decided in the
// plan, but for the values of its secrets; labels name it and the version of
// this program.
func Spec(c plan.Container, secrets map[string]string, version string) (*container.Config, *container.HostConfig, *ocispec.Platform) {
	port := nat.Port(strconv.Itoa(c.Publish.Container) + "/tcp")
	config := &container.Config{
		Image:        c.Image.Reference,
		User:         c.User,
		Env:          Environment(c, secrets),
		ExposedPorts: nat.PortSet{port: {}},
		Labels:       c.Labels(version),
		StopTimeout:  &c.StopSeconds,
		Healthcheck:  healthCheck(c.Health),
	}
	host := &container.HostConfig{
		PortBindings: nat.PortMap{port: {{HostIP: c.Publish.Address, HostPort: strconv.Itoa(c.Publish.Port)}}},
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
			// Without this the container may swap as much again, and a
			// machine that swaps is slower than one that says no.
			MemorySwap:     c.MemoryLimit,
			PidsLimit:      &c.PIDsLimit,
			DeviceRequests: Devices(c.GPUs),
		},
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{
			"max-size": c.Log.MaxSize, "max-file": strconv.Itoa(c.Log.MaxFiles),
		}},
	}
	// Unasked, a server that died stays as it is: its end can be looked at, and
	// nothing is loaded over and over.
	host.RestartPolicy.Name = container.RestartPolicyMode(c.Restart)
	if c.Init {
		host.Init = &c.Init
	}
	return config, host, Platform(c.Image.Platform)
}

func healthCheck(h plan.Health) *container.HealthConfig {
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return &container.HealthConfig{Test: h.Test, Interval: seconds(h.IntervalSeconds), Timeout: seconds(h.TimeoutSeconds),
		StartPeriod: seconds(h.StartSeconds), Retries: h.Retries}
}

// Environment is a container's variables, as NAME=VALUE, with the values of its
// secrets.
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

// Mounts prefers named volumes: a fresh one takes the owner of the image's
// directory, so that the server can write whatever user runs Docker. A
// directory of the host that is missing is an error here, where Binds would
// have it made by root.
func Mounts(c plan.Container) []mount.Mount {
	var list []mount.Mount
	for _, v := range c.Volumes {
		list = append(list, mount.Mount{Type: mount.TypeVolume, Source: v.Name, Target: v.Target})
	}
	for _, b := range c.Binds {
		if !b.Relabel {
			list = append(list, mount.Mount{Type: mount.TypeBind, Source: b.Source, Target: b.Target})
		}
	}
	return list
}

// Relabelled are the directories that SELinux has to let containers use: only
// Binds can say so.
func Relabelled(binds []plan.Bind) []string {
	var list []string
	for _, b := range binds {
		if b.Relabel {
			list = append(list, b.Source+":"+b.Target+":z")
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

// Devices asks for GPUs as `docker run --gpus` does: all of them by Count -1,
// some by ID; both at once is an error to the daemon.
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

// Platform is one as linux/amd64; nil leaves the choice to the daemon.
func Platform(name string) *ocispec.Platform {
	os, arch, ok := strings.Cut(name, "/")
	if !ok {
		return nil
	}
	return &ocispec.Platform{OS: os, Architecture: arch}
}
