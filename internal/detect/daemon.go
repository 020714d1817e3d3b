package detect

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/system"

	"github.com/djok/facecraft/internal/plan"
)

// daemon describes the world in which the container will run.
func (p Probes) daemon(ctx context.Context) plan.Daemon {
	if p.Daemon == nil {
		return unknownDaemon("no Docker daemon was reached")
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var info system.Info
	var version types.Version
	var infoErr, versionErr error
	var wg sync.WaitGroup
	wg.Go(func() { info, infoErr = p.Daemon.Info(ctx) })
	wg.Go(func() { version, versionErr = p.Daemon.ServerVersion(ctx) })
	wg.Wait()

	d := unknownDaemon(fmt.Sprintf("docker info: %v", infoErr))
	if infoErr == nil {
		d = fromInfo(info)
	}
	d.Endpoint = p.Endpoint
	d.Local = plan.Known(p.Local, "the endpoint "+p.Endpoint)
	d.Kind = kind(info, version, versionErr)
	return d
}

func unknownDaemon(why string) plan.Daemon {
	return plan.Daemon{
		Local:         plan.Unknown[bool](why),
		Version:       plan.Unknown[string](why),
		Kind:          plan.Unknown[string](why),
		OS:            plan.Unknown[string](why),
		Arch:          plan.Unknown[string](why),
		CPUs:          plan.Unknown[int](why),
		Memory:        plan.Unknown[int64](why),
		NvidiaToolkit: plan.Unknown[bool](why),
	}
}

func fromInfo(info system.Info) plan.Daemon {
	const source = "docker info"
	return plan.Daemon{
		Version:       plan.Known(info.ServerVersion, source),
		OS:            plan.Known(info.OSType, source),
		Arch:          plan.Known(goArch(info.Architecture), source),
		CPUs:          plan.Known(info.NCPU, source),
		Memory:        plan.Known(info.MemTotal, source),
		NvidiaToolkit: nvidiaToolkit(info),
	}
}

// goArch turns uname's names, which the daemon uses, into those of Go and of
// image platforms.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

// nvidiaToolkit reads the daemon's own account. Engines do not need the
// nvidia runtime for --gpus, but the toolkit's installer registers it; newer
// ones name CDI devices. Desktop and WSL2 work without either, so there a
// silence is an unknown.
func nvidiaToolkit(info system.Info) plan.Fact[bool] {
	if _, ok := info.Runtimes["nvidia"]; ok {
		return plan.Known(true, "docker info lists the nvidia runtime")
	}
	for _, device := range info.DiscoveredDevices {
		if strings.HasPrefix(device.ID, "nvidia.com/gpu") {
			return plan.Known(true, "docker info lists the CDI device "+device.ID)
		}
	}
	if isDesktop(info) {
		return plan.Unknown[bool]("Docker Desktop does not say whether it offers GPUs")
	}
	return plan.Known(false, "docker info lists neither the nvidia runtime nor an NVIDIA CDI device")
}

func isDesktop(info system.Info) bool { return info.OperatingSystem == "Docker Desktop" }

func kind(info system.Info, version types.Version, versionErr error) plan.Fact[string] {
	for _, component := range version.Components {
		if component.Name == "Podman Engine" {
			return plan.Known("Podman", "docker version")
		}
	}
	switch {
	case isDesktop(info):
		return plan.Known("Docker Desktop", "docker info")
	case versionErr != nil:
		return plan.Unknown[string](fmt.Sprintf("docker version: %v", versionErr))
	}
	return plan.Known("Docker Engine", "docker version")
}
