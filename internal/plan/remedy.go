package plan

import (
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/format"
)

// The remedies fit the machine: its distribution, its kind of Docker. Each is
// one thing to do, ready to copy.

// family returns the package manager of a Linux distribution, or "".
// (os-release(5): ID and ID_LIKE)
func (h Host) family() string {
	names := append([]string{h.Distro.Value.ID}, h.Distro.Value.Like...)
	for _, f := range []struct {
		name    string
		members []string
	}{
		{"ubuntu", []string{"ubuntu"}},
		{"apt", []string{"debian"}},
		{"dnf", []string{"fedora", "rhel", "centos"}},
		{"zypper", []string{"suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"}},
		{"pacman", []string{"arch"}},
	} {
		if slices.ContainsFunc(f.members, func(id string) bool { return slices.Contains(names, id) }) {
			return f.name
		}
	}
	return ""
}

// InstallDocker returns the command that installs Docker from the
// distribution's packages, or "".
func (h Host) InstallDocker() string {
	switch h.family() {
	case "ubuntu", "apt":
		return "sudo apt-get install docker.io"
	case "zypper":
		return "sudo zypper install docker && sudo systemctl enable --now docker"
	case "pacman":
		return "sudo pacman -S docker && sudo systemctl enable --now docker"
	}
	if h.Distro.Value.ID == "fedora" { // its derivatives do not package Docker
		return "sudo dnf install moby-engine && sudo systemctl enable --now docker"
	}
	return ""
}

const driverPage = "https://www.nvidia.com/drivers"

// DriverRemedy says how to install the NVIDIA driver, or update it to a
// version.
func (f Facts) DriverRemedy(version string) string {
	goal := "install NVIDIA's driver"
	if version != "" {
		goal = "update NVIDIA's driver to " + version + " or newer"
	}
	if f.windowsDriver() {
		return goal + " in Windows: " + driverPage
	}
	command, ok := map[string]string{
		"ubuntu": "sudo ubuntu-drivers install",
		"apt":    "sudo apt-get install nvidia-driver (from contrib and non-free)",
		"dnf":    "sudo dnf install akmod-nvidia (from RPM Fusion)",
		"zypper": "sudo zypper install nvidia-open-driver-G06-signed-kmp-default",
		"pacman": "sudo pacman -S nvidia-open",
	}[f.Host.family()]
	if !ok {
		command = driverPage
	}
	return goal + " and restart the computer: " + command
}

// toolkitGuide explains how to add the package repository of the toolkit.
const toolkitGuide = "https://github.com/NVIDIA/nvidia-container-toolkit"

// ToolkitRemedy says how to enable the daemon to pass GPUs to containers.
// (NVIDIA Container Toolkit, installation guide; Docker Desktop, GPU support)
func (f Facts) ToolkitRemedy() string {
	switch kind := f.Daemon.Kind.Value; {
	case kind == KindDesktop && f.windowsDriver():
		return "update WSL with wsl --update, and let Docker Desktop use the WSL 2 based engine (Settings > General)"
	case kind == KindDesktop:
		return "use Docker Engine instead of Docker Desktop, which supports GPUs only on Windows: docker context use default"
	case kind == KindSnap:
		return "use Docker's own packages instead of the snap: https://docs.docker.com/engine/install/"
	case kind == KindPodman:
		return "generate a CDI file for Podman 5.4 or newer: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"
	case f.Daemon.Local.Known && !f.Daemon.Local.Value:
		return "install nvidia-container-toolkit on that machine and restart Docker there: " + toolkitGuide
	case f.Host.Toolkit.Known && len(f.Host.Toolkit.Value) > 0:
		return "configure Docker for the toolkit: " + f.configureToolkit()
	}
	command, ok := map[string]string{
		"ubuntu": "sudo apt-get install nvidia-container-toolkit",
		"apt":    "sudo apt-get install nvidia-container-toolkit",
		"dnf":    "sudo dnf install nvidia-container-toolkit",
		"zypper": "sudo zypper install nvidia-container-toolkit",
		"pacman": "sudo pacman -S nvidia-container-toolkit",
	}[f.Host.family()]
	if !ok {
		command = "install nvidia-container-toolkit"
	}
	repository := " (its repository: " + toolkitGuide + ")"
	if f.Host.family() == "pacman" {
		repository = "" // the distribution packages it
	}
	return command + " && " + f.configureToolkit() + repository
}

func (f Facts) configureToolkit() string {
	if f.Daemon.Kind.Value == KindRootless {
		return "nvidia-ctk runtime configure --runtime=docker --config=$HOME/.config/docker/daemon.json && " +
			"sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place && systemctl --user restart docker"
	}
	return "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
}

// gpuTroubles lists how the NVIDIA driver fails, by the output of nvidia-smi.
var gpuTroubles = []struct{ text, remedy string }{
	{"Driver/library version mismatch", "restart the computer: the driver was updated but the old one is still loaded"},
	{"couldn't communicate with the NVIDIA driver",
		"load the driver: sudo modprobe nvidia; if that fails, reinstall it (Secure Boot blocks unsigned modules)"},
	{"couldn't find libnvidia-ml", "reinstall NVIDIA's driver: its library is missing"},
	{"GPU access blocked by the operating system", "in Windows: wsl --update, then wsl --shutdown"},
	{"GPU is lost", "restart the computer; if that does not help, reseat the card and check its power"},
	{"found no device", "find out why: sudo dmesg | grep NVRM (the driver may be too new or too old for the card)"},
	{"did not answer", "restart the computer: NVIDIA's driver is stuck (sudo dmesg shows why)"},
}

// gpuTrouble returns the remedy for a failing driver, or "".
func (f Facts) gpuTrouble() string {
	for _, trouble := range gpuTroubles {
		if strings.Contains(f.GPUs.Evidence, trouble.text) {
			return trouble.remedy
		}
	}
	return ""
}

// GPURemedy says what could make an NVIDIA GPU visible.
func (f Facts) GPURemedy() string {
	switch trouble := f.gpuTrouble(); {
	case trouble != "":
		return trouble
	case f.nvidiaOnBus():
		return f.DriverRemedy("")
	case f.GPUs.Known:
		return "use a machine with an NVIDIA GPU"
	}
	return ""
}

// GPUSeemsPresent reports whether there is any sign of an NVIDIA GPU, usable or
// not.
func (f Facts) GPUSeemsPresent() bool {
	return len(f.GPUs.Value) > 0 || f.nvidiaOnBus() || f.gpuTrouble() != ""
}

// nvidiaOnBus reports whether an NVIDIA card is present, whatever its driver
// says.
func (f Facts) nvidiaOnBus() bool {
	return slices.ContainsFunc(f.Host.GraphicsCards.Value, func(name string) bool {
		return strings.Contains(strings.ToUpper(name), "NVIDIA")
	})
}

// MemoryRemedy says how to give containers the needed bytes: by the virtual
// machine's setting if the host has enough.
func (f Facts) MemoryRemedy(needed int64) string {
	const spare = 2 << 30 // for the host itself
	host := f.Host.Memory
	if host.Known && host.Value < needed+spare {
		return "use a machine with more memory"
	}
	goal := format.Memory(needed + spare)
	switch windows := f.Host.OS == "windows" || f.Host.WSL.Value; {
	case windows && f.Daemon.Local.Value:
		return "raise memory= below [wsl2] in %UserProfile%\\.wslconfig to " + strings.ReplaceAll(goal, " GiB", "GB") +
			", then wsl --shutdown"
	case f.Daemon.Kind.Value == KindDesktop:
		return "raise Docker Desktop's Settings > Resources > Advanced > Memory limit to " + goal
	case f.Host.OS == "darwin":
		return "give Docker's virtual machine " + goal + " of memory"
	}
	return "use a machine with more memory"
}

// FreeUpDisk is the remedy for a full disk that may hold so many bytes of
// unfinished downloads.
func FreeUpDisk(kept int64) string {
	if kept > 0 {
		return "free up disk space: facecraft pull --forget deletes " + format.Size(kept) +
			" of unfinished downloads, docker system df shows what Docker uses"
	}
	return "free up disk space: docker system df shows what Docker uses"
}

// DiskRemedy is the remedy for a full disk on this machine.
func (f Facts) DiskRemedy() string {
	if f.Downloads == nil {
		return FreeUpDisk(0)
	}
	return FreeUpDisk(f.Downloads.Kept)
}
