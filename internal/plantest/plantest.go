// Package plantest provides sample facts and plans for tests. Each function
// that returns plan.Facts describes one machine.
package plantest

import "github.com/djok/facecraft/internal/plan"

// Laptop is a Linux machine with Docker Engine and no NVIDIA GPU.
func Laptop() plan.Facts {
	return plan.Facts{
		Host: plan.Host{
			OS: "linux", Arch: "amd64",
			Memory:        plan.Known(int64(16<<30), "ghw"),
			GraphicsCards: plan.Known([]string{"Intel Corporation UHD Graphics 620"}, "ghw"),
		},
		Daemon: plan.Daemon{
			Endpoint:      "unix:///var/run/docker.sock",
			Local:         plan.Known(true, "the endpoint unix:///var/run/docker.sock"),
			Version:       plan.Known("28.5.2", "docker info"),
			Kind:          plan.Known("Docker Engine", "docker version"),
			OS:            plan.Known("linux", "docker info"),
			Arch:          plan.Known("amd64", "docker info"),
			CPUs:          plan.Known(8, "docker info"),
			Memory:        plan.Known(int64(16<<30), "docker info"),
			NvidiaToolkit: plan.Known(false, "docker info lists neither the nvidia runtime nor an NVIDIA CDI device"),
		},
		GPUs:      plan.Known([]plan.GPU{}, "nvidia-smi, which comes with NVIDIA's driver, is not installed"),
		LiteImage: plan.Known("facecraft-lite:0123456789ab", "built into this program, nothing is downloaded"),
		BusyPorts: plan.Known([]int(nil), "something is already listening there"),
	}
}

// Workstation has an RTX 4090 that is ready to use.
func Workstation() plan.Facts {
	f := Laptop()
	f.GPUs = plan.Known([]plan.GPU{RTX4090()}, "nvidia-smi")
	f.Daemon.NvidiaToolkit = plan.Known(true, "docker info lists the nvidia runtime")
	f.Daemon.Memory = plan.Known(int64(64<<30), "docker info")
	return f
}

// SELinux is a laptop with SELinux enforced, as on Fedora, and a user whose uid
// is not 1000.
func SELinux() plan.Facts {
	f := Laptop()
	f.Daemon.SELinux = plan.Known(true, "docker info")
	f.Caller = plan.Known(plan.User{UID: 1234, GID: 1234}, "your user")
	return f
}

// RTX4090 is a GPU that can run the published GPU image.
func RTX4090() plan.GPU {
	return plan.GPU{
		Index: 0, UUID: "GPU-4090", Name: "NVIDIA GeForce RTX 4090", Driver: "550.54.14",
		Memory:            plan.Known(int64(24564<<20), "nvidia-smi"),
		ComputeCapability: plan.Known("8.9", "nvidia-smi"),
	}
}

// Blind is a machine about which nothing could be found out.
func Blind() plan.Facts {
	const why = "no Docker daemon was reached"
	return plan.Facts{
		Host: plan.Host{OS: "linux", Arch: "amd64",
			Memory: plan.Unknown[int64]("ghw: no"), GraphicsCards: plan.Unknown[[]string]("ghw: no")},
		Daemon: plan.Daemon{
			Local: plan.Unknown[bool](why), Version: plan.Unknown[string](why), Kind: plan.Unknown[string](why),
			OS: plan.Unknown[string](why), Arch: plan.Unknown[string](why), CPUs: plan.Unknown[int](why),
			Memory: plan.Unknown[int64](why), NvidiaToolkit: plan.Unknown[bool](why),
		},
		GPUs:      plan.Unknown[[]plan.GPU]("nvidia-smi did not answer within 3s"),
		LiteImage: plan.Unknown[string]("this build carries no Linux executable; release builds do"),
		BusyPorts: plan.Unknown[[]int]("the daemon is on another machine"),
	}
}
