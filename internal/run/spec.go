package run

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

// spec translates a plan into Docker's words. Everything is decided in the
// plan, but for the values of its secrets; labels name it and the version of
// this program.
func spec(p plan.Plan, secrets map[string]string, version string) (*container.Config, *container.HostConfig, *ocispec.Platform) {
	port := nat.Port(strconv.Itoa(p.Publish.Container) + "/tcp")
	config := &container.Config{
		Image:        p.Image.Reference,
		User:         p.User,
		Env:          environment(p, secrets),
		ExposedPorts: nat.PortSet{port: {}},
		Labels:       p.Labels(version),
		StopTimeout:  &p.StopSeconds,
		Healthcheck:  healthCheck(p.Health),
	}
	host := &container.HostConfig{
		PortBindings: nat.PortMap{port: {{HostIP: p.Publish.Address, HostPort: strconv.Itoa(p.Publish.Port)}}},
		Mounts:       mounts(p),
		Binds:        relabelled(p.Binds),
		GroupAdd:     p.GroupAdd,
		UsernsMode:   container.UsernsMode(p.UserNamespace),
		// The daemon's default, 1777 and noexec, suits spooled uploads.
		Tmpfs:          tmpfs(p.Tmpfs),
		ReadonlyRootfs: p.ReadOnly,
		CapDrop:        p.CapDrop,
		SecurityOpt:    p.SecurityOpt,
		Resources: container.Resources{
			Memory: p.MemoryLimit,
			// Without this the container may swap as much again, and a
			// machine that swaps is slower than one that says no.
			MemorySwap:     p.MemoryLimit,
			PidsLimit:      &p.PIDsLimit,
			DeviceRequests: devices(p.GPUs),
		},
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{
			"max-size": p.Log.MaxSize, "max-file": strconv.Itoa(p.Log.MaxFiles),
		}},
	}
	// Unasked, a server that died stays as it is: its end can be looked at, and
	// nothing is loaded over and over.
	host.RestartPolicy.Name = container.RestartPolicyMode(p.Restart)
	if p.Init {
		host.Init = &p.Init
	}
	return config, host, platform(p.Image.Platform)
}

func healthCheck(h plan.Health) *container.HealthConfig {
	seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return &container.HealthConfig{Test: h.Test, Interval: seconds(h.IntervalSeconds), Timeout: seconds(h.TimeoutSeconds),
		StartPeriod: seconds(h.StartSeconds), Retries: h.Retries}
}

func environment(p plan.Plan, secrets map[string]string) []string {
	var list []string
	for _, e := range p.Env {
		list = append(list, e.Name+"="+e.Value)
	}
	for _, s := range p.Secrets {
		list = append(list, s.Name+"="+secrets[s.Name])
	}
	return list
}

// mounts prefers named volumes: a fresh one takes the owner of the image's
// directory, so that the server can write whatever user runs Docker. A
// directory of the host that is missing is an error here, where Binds would
// have it made by root.
func mounts(p plan.Plan) []mount.Mount {
	var list []mount.Mount
	for _, v := range p.Volumes {
		list = append(list, mount.Mount{Type: mount.TypeVolume, Source: v.Name, Target: v.Target})
	}
	for _, b := range p.Binds {
		if !b.Relabel {
			list = append(list, mount.Mount{Type: mount.TypeBind, Source: b.Source, Target: b.Target})
		}
	}
	return list
}

// relabelled are the directories that SELinux has to let containers use: only
// Binds can say so.
func relabelled(binds []plan.Bind) []string {
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

// devices asks for GPUs as `docker run --gpus` does: all of them by Count -1,
// some by ID; both at once is an error to the daemon.
func devices(gpus *plan.GPURequest) []container.DeviceRequest {
	if gpus == nil {
		return nil
	}
	request := container.DeviceRequest{Capabilities: [][]string{{"gpu"}}, DeviceIDs: gpus.IDs}
	if len(gpus.IDs) == 0 {
		request.Count = -1
	}
	return []container.DeviceRequest{request}
}

func platform(name string) *ocispec.Platform {
	os, arch, ok := strings.Cut(name, "/")
	if !ok {
		return nil
	}
	return &ocispec.Platform{OS: os, Architecture: arch}
}
