package detect

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/system"

	"github.com/djok/facecraft/internal/plan"
)

// Daemon is the part of a daemon's API that the probes use.
type Daemon interface {
	Info(ctx context.Context) (system.Info, error)
	ServerVersion(ctx context.Context) (types.Version, error)
	ImageList(ctx context.Context, options image.ListOptions) ([]image.Summary, error)
	Rootless(ctx context.Context) (bool, error) // Podman only
}

// The sources of facts about the daemon.
const (
	dockerInfo    = "docker info"
	dockerVersion = "docker version"
	dockerImages  = "docker images"
)

// daemon describes where the container will run.
func (p Probes) daemon(ctx context.Context) plan.Daemon {
	if p.Daemon == nil {
		return unknownDaemon("no Docker daemon was reached")
	}
	var info plan.Fact[system.Info]
	var version plan.Fact[types.Version]
	var images plan.Fact[[]string]
	var wg sync.WaitGroup
	wg.Go(func() { info = answer(ctx, dockerInfo, p.Daemon.Info) })
	wg.Go(func() { version = answer(ctx, dockerVersion, p.Daemon.ServerVersion) })
	wg.Go(func() { images = answer(ctx, dockerImages, p.images) })
	wg.Wait()

	d := unknownDaemon(info.Evidence)
	if info.Known {
		d = p.fromInfo(info.Value)
	}
	d.Endpoint = p.Endpoint
	d.Local = plan.Known(p.Local, "the endpoint "+p.Endpoint)
	d.Kind = kind(info, version)
	if d.Kind.Value == plan.KindPodman && d.UserNamespaces.Known && !d.UserNamespaces.Value {
		d.UserNamespaces = answer(ctx, dockerInfo, p.Daemon.Rootless)
	}
	d.Images = images
	d.NvidiaToolkit = p.nvidiaToolkit(d.Kind, info, version.Value)
	return d
}

// answer asks the daemon, with a time limit.
func answer[T any](ctx context.Context, source string, ask func(context.Context) (T, error)) plan.Fact[T] {
	return within(ctx, daemonTimeout, 0, source, from(source, ask))
}

// images returns the references of the locally available images.
func (p Probes) images(ctx context.Context) ([]string, error) {
	list, err := p.Daemon.ImageList(ctx, image.ListOptions{})
	references := []string{}
	for _, image := range list {
		references = append(references, image.RepoTags...)
	}
	slices.Sort(references)
	return references, err
}

func unknownDaemon(why string) plan.Daemon {
	return plan.Daemon{
		Local:          plan.Unknown[bool](why),
		Version:        plan.Unknown[string](why),
		Kind:           plan.Unknown[string](why),
		OS:             plan.Unknown[string](why),
		Arch:           plan.Unknown[string](why),
		Emulation:      plan.Unknown[bool](why),
		CPUs:           plan.Unknown[int](why),
		Memory:         plan.Unknown[int64](why),
		FreeMemory:     plan.Unknown[int64](why),
		ImageDir:       plan.Unknown[string](why),
		DiskFree:       plan.Unknown[int64](why),
		Images:         plan.Unknown[[]string](why),
		WSL:            plan.Unknown[bool](why),
		Cgroup:         plan.Unknown[string](why),
		SELinux:        plan.Unknown[bool](why),
		UserNamespaces: plan.Unknown[bool](why),
		NvidiaToolkit:  plan.Unknown[bool](why),
		GPUProof:       plan.Unknown[bool](why),
	}
}

func (p Probes) fromInfo(info system.Info) plan.Daemon {
	const notTried = helper + " was not started"
	d := plan.Daemon{
		Version:        plan.Known(info.ServerVersion, dockerInfo),
		OS:             plan.Known(info.OSType, dockerInfo),
		Arch:           plan.Known(goArch(info.Architecture), dockerInfo),
		CPUs:           plan.Known(info.NCPU, dockerInfo),
		Memory:         plan.Known(info.MemTotal, dockerInfo),
		FreeMemory:     plan.Unknown[int64](notTried),
		ImageDir:       plan.Known(p.imageDir(info), dockerInfo),
		DiskFree:       plan.Unknown[int64](notTried),
		WSL:            plan.Known(isWSL(info.KernelVersion), "the kernel "+info.KernelVersion),
		Cgroup:         plan.Known(info.CgroupVersion, dockerInfo),
		SELinux:        securityOption(info, "selinux"),
		UserNamespaces: securityOption(info, "userns", "rootless"),
		GPUProof:       plan.Unknown[bool](notTried),
	}
	if info.CgroupVersion == "" {
		d.Cgroup = plan.Unknown[string](dockerInfo + " does not say")
	}
	d.Emulation = p.emulation(info)
	if p.onThisMachine(info) {
		if free, err := p.FreeDisk(d.ImageDir.Value); err != nil {
			d.DiskFree = plan.Unknown[int64](err.Error())
		} else {
			d.DiskFree = plan.Known(free, "the file system of "+d.ImageDir.Value)
		}
	}
	return d
}

// onThisMachine reports whether the daemon shares this machine's kernel and
// files.
func (p Probes) onThisMachine(info system.Info) bool {
	return p.Local && p.OS == "linux" && !isDesktop(info)
}

// settleDaemon adds what follows from this machine if the daemon runs on it.
func (p Probes) settleDaemon(f *plan.Facts) {
	d := &f.Daemon
	here := p.Daemon != nil && p.Local && p.OS == "linux" && d.Kind.Known && d.Kind.Value != plan.KindDesktop
	if !here {
		return
	}
	d.FreeMemory = f.Host.FreeMemory
	if d.NvidiaToolkit.Known || !f.Host.Toolkit.Known {
		return
	}
	if len(f.Host.Toolkit.Value) == 0 {
		d.NvidiaToolkit = plan.Known(false, d.NvidiaToolkit.Evidence+", and no program of the toolkit is installed")
	} else {
		d.NvidiaToolkit.Evidence = fmt.Sprintf("%s is installed, but %s", f.Host.Toolkit.Value[0].Name,
			d.NvidiaToolkit.Evidence)
	}
}

// goArch translates uname's architecture names, which the daemon uses, to those
// of Go and image platforms.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

func securityOption(info system.Info, names ...string) plan.Fact[bool] {
	for _, option := range info.SecurityOptions {
		for _, name := range names {
			if option == "name="+name || strings.HasPrefix(option, "name="+name+",") {
				return plan.Known(true, dockerInfo)
			}
		}
	}
	return plan.Known(false, dockerInfo)
}

// emulation reports whether linux/amd64 programs run, according to the kernel's
// registered interpreters, if readable.
// (Documentation/admin-guide/binfmt-misc.rst of the kernel)
func (p Probes) emulation(info system.Info) plan.Fact[bool] {
	switch {
	case goArch(info.Architecture) == "amd64":
		return plan.Known(true, "the daemon's native architecture")
	case isDesktop(info):
		return plan.Known(true, "Docker Desktop includes an emulator")
	case !p.onThisMachine(info):
		return plan.Unknown[bool]("only the daemon's machine can answer this")
	}
	const register = "/proc/sys/fs/binfmt_misc"
	names, err := p.list(register)
	if err != nil || !slices.Contains(names, "register") {
		return plan.Unknown[bool](register + " is not mounted")
	}
	for _, name := range names {
		if strings.HasPrefix(name, "qemu-x86_64") || strings.HasPrefix(name, "rosetta") {
			return plan.Known(true, filepath.Join(register, name))
		}
	}
	return plan.Known(false, "no x86_64 emulator in "+register)
}

// nvidiaToolkit reads docker info. Docker does not need the nvidia runtime for
// --gpus, but the toolkit's installer registers it; newer versions list CDI
// devices. If neither is listed, the answer is unknown.
func (p Probes) nvidiaToolkit(kind plan.Fact[string], info plan.Fact[system.Info],
	version types.Version) plan.Fact[bool] {
	switch {
	case !info.Known:
		return plan.Unknown[bool](info.Evidence)
	case kind.Value == plan.KindDesktop && (p.OS == "windows" || isWSL(info.Value.KernelVersion)):
		// It lists the nvidia runtime even on machines without a GPU.
		// (github.com/docker/for-win, issue 14331)
		return plan.Unknown[bool]("Docker Desktop does not say whether it has a GPU")
	case kind.Value == plan.KindDesktop:
		// docs.docker.com/desktop/features/gpu
		return plan.Known(false, "Docker Desktop supports GPUs only on Windows, with WSL 2")
	case kind.Value == plan.KindPodman && podmanIgnoresGPUs(version):
		return plan.Known(false, "Podman before 5.4 ignores requests for GPUs")
	case kind.Value == plan.KindPodman:
		return plan.Unknown[bool]("Podman does not say whether it has a GPU")
	}
	if _, ok := info.Value.Runtimes["nvidia"]; ok {
		return plan.Known(true, "docker info lists the nvidia runtime")
	}
	for _, device := range info.Value.DiscoveredDevices {
		if strings.HasPrefix(device.ID, "nvidia.com/gpu") {
			return plan.Known(true, "docker info lists the CDI device "+device.ID)
		}
	}
	return plan.Unknown[bool]("docker info lists neither the nvidia runtime nor an NVIDIA CDI device")
}

// podmanIgnoresGPUs reports whether this version's Docker API drops device
// requests. (Podman 5.4 release notes)
func podmanIgnoresGPUs(version types.Version) bool {
	major, rest, _ := strings.Cut(version.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, errMajor := strconv.Atoi(major)
	y, errMinor := strconv.Atoi(minor)
	return errMajor == nil && errMinor == nil && (x < 5 || x == 5 && y < 4)
}

func isDesktop(info system.Info) bool { return info.OperatingSystem == plan.KindDesktop }

// isWSL recognises Microsoft's kernels by name.
func isWSL(kernel string) bool {
	kernel = strings.ToLower(kernel)
	return strings.Contains(kernel, "microsoft") || strings.Contains(kernel, "wsl2")
}

func kind(info plan.Fact[system.Info], version plan.Fact[types.Version]) plan.Fact[string] {
	for _, component := range version.Value.Components {
		if component.Name == "Podman Engine" {
			return plan.Known(plan.KindPodman, dockerVersion)
		}
	}
	switch {
	case !info.Known:
		return plan.Unknown[string](info.Evidence)
	case isDesktop(info.Value):
		return plan.Known(plan.KindDesktop, dockerInfo)
	case !version.Known:
		return plan.Unknown[string](version.Evidence)
	case strings.HasPrefix(info.Value.DockerRootDir, "/var/snap/docker/"):
		return plan.Known(plan.KindSnap, "its directory "+info.Value.DockerRootDir)
	case securityOption(info.Value, "rootless").Value:
		return plan.Known(plan.KindRootless, dockerInfo)
	}
	return plan.Known(plan.KindEngine, dockerVersion)
}
