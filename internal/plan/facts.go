package plan

import (
	"encoding/json"
	"slices"
)

// Fact is an answer with its evidence. Unknown is a separate answer, never
// treated as no.
type Fact[T any] struct {
	Value    T
	Known    bool
	Evidence string // where a known value was read, or why it is unknown
}

// Known returns an established fact; evidence says where it was read.
func Known[T any](value T, evidence string) Fact[T] {
	return Fact[T]{Value: value, Known: true, Evidence: evidence}
}

// Unknown returns a fact that could not be established; why says what prevented
// it.
func Unknown[T any](why string) Fact[T] {
	return Fact[T]{Evidence: why}
}

type jsonFact[T any] struct {
	Value    *T     `json:"value"`
	Evidence string `json:"evidence"`
}

// MarshalJSON writes an unknown as null, so that the zero value is not mistaken
// for an answer.
func (f Fact[T]) MarshalJSON() ([]byte, error) {
	out := jsonFact[T]{Evidence: f.Evidence}
	if f.Known {
		out.Value = &f.Value
	}
	return json.Marshal(out)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (f *Fact[T]) UnmarshalJSON(data []byte) error {
	var in jsonFact[T]
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*f = Fact[T]{Evidence: in.Evidence}
	if in.Value != nil {
		f.Value, f.Known = *in.Value, true
	}
	return nil
}

// Facts is a snapshot of reality, taken before anything is decided.
type Facts struct {
	Host   Host        `json:"host"`
	Daemon Daemon      `json:"daemon"`
	GPUs   Fact[[]GPU] `json:"gpus"`
	// LiteImage references the image that this program builds from its own
	// executable for the daemon's platform.
	LiteImage Fact[string] `json:"lite_image"`
	// BusyPorts are the TCP ports that the request could use but that are
	// already in use where the container will be published.
	BusyPorts Fact[[]int] `json:"busy_ports"`
	// PortOwners says who uses a busy port, as far as that can be seen.
	PortOwners map[int]PortOwner `json:"port_owners,omitempty"`
	// Caller is the user who runs facecraft, even through sudo; unknown where
	// users have no uid.
	Caller Fact[User] `json:"caller,omitzero"`
	// Downloads is nil if it was not checked, or without a daemon.
	Downloads *Downloads `json:"downloads,omitempty"`
	// Images are the variants' images that are available locally.
	Images []ImagePitfalls `json:"images,omitempty"`
}

// ImagePitfalls are what was found in the files of an image that matters for
// running it, in words.
type ImagePitfalls struct {
	Image    string   `json:"image"`
	Pitfalls []string `json:"pitfalls"`
}

// Downloads is how images get to the daemon.
type Downloads struct {
	// Direct reports whether this program can download for the daemon: over several
	// connections, and so that an interruption loses nothing.
	Direct Fact[bool] `json:"direct"`
	Dir    string     `json:"dir"`  // of unfinished downloads; empty if there is none
	Kept   int64      `json:"kept"` // bytes in it
}

// PortOwner is who listens on a port, with the command that stops it.
type PortOwner struct {
	Name string `json:"name"` // such as "the container web"
	End  string `json:"end"`  // such as "docker stop web"
}

// Host is the machine this program runs on, which may not be the one that runs
// the container.
type Host struct {
	OS     string             `json:"os"`   // as GOOS
	Arch   string             `json:"arch"` // as GOARCH
	Distro Fact[Distribution] `json:"distribution"`
	// WSL reports whether this is Linux inside Windows: the NVIDIA driver is
	// then the Windows one.
	WSL        Fact[bool]  `json:"wsl"`
	Memory     Fact[int64] `json:"memory"`
	FreeMemory Fact[int64] `json:"free_memory"` // available to new programs without swapping
	// GraphicsCards are names from the PCI bus: a hint that a GPU exists, not
	// proof that it works.
	GraphicsCards Fact[[]string] `json:"graphics_cards"`
	// CUDA is the newest CUDA version that the NVIDIA driver supports, such as
	// "12.2".
	CUDA Fact[string] `json:"cuda"`
	// Toolkit lists the installed programs of the NVIDIA container toolkit.
	// They only help a daemon on this machine.
	Toolkit Fact[[]Tool] `json:"toolkit"`
	// CDISpecs are the files that describe NVIDIA GPUs to container runtimes.
	// (Container Device Interface,
	// github.com/cncf-tags/container-device-interface)
	CDISpecs Fact[[]string] `json:"cdi_specs"`
}

// Distribution is a Linux distribution as os-release(5) names it.
type Distribution struct {
	Name string   `json:"name"` // as "Debian GNU/Linux 12 (bookworm)"
	ID   string   `json:"id"`   // as "debian"
	Like []string `json:"like,omitempty"`
}

// Tool is an installed program and its version; empty if the program does not
// report it.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

// The kinds of Docker that need different remedies.
const (
	KindEngine   = "Docker Engine"
	KindDesktop  = "Docker Desktop"
	KindRootless = "rootless Docker"
	KindSnap     = "Docker from snap"
	KindPodman   = "Podman"
)

// Daemon is where the container will run: Docker Desktop's virtual machine, a
// remote server, or this host.
type Daemon struct {
	Endpoint string       `json:"endpoint"`
	Local    Fact[bool]   `json:"local"` // on this machine or in a virtual machine on it
	Version  Fact[string] `json:"version"`
	Kind     Fact[string] `json:"kind"` // one of the Kind constants
	OS       Fact[string] `json:"os"`   // as GOOS
	Arch     Fact[string] `json:"arch"` // as GOARCH
	// Emulation reports whether a daemon on a different architecture can run
	// linux/amd64 programs.
	Emulation  Fact[bool]  `json:"emulation"`
	CPUs       Fact[int]   `json:"cpus"`
	Memory     Fact[int64] `json:"memory"` // bytes that containers can share
	FreeMemory Fact[int64] `json:"free_memory"`
	// ImageDir is where images are stored; DiskFree is the free space there, in
	// bytes.
	ImageDir Fact[string] `json:"image_dir"`
	DiskFree Fact[int64]  `json:"disk_free"`
	// Images are the references of the images that are available locally.
	Images         Fact[[]string] `json:"images"`
	WSL            Fact[bool]     `json:"wsl"`    // runs on the WSL2 kernel
	Cgroup         Fact[string]   `json:"cgroup"` // version: "1" or "2"
	SELinux        Fact[bool]     `json:"selinux"`
	UserNamespaces Fact[bool]     `json:"user_namespaces"` // container users map to different users on the host
	// NvidiaToolkit reports whether the daemon offers the NVIDIA container
	// toolkit. A daemon that does not mention it may still have it: Docker
	// Desktop and WSL2 work without listing it.
	NvidiaToolkit Fact[bool] `json:"nvidia_toolkit"`
	// GPUProof is the only certain answer: a container was started with a GPU
	// request and looked for the device.
	GPUProof Fact[bool] `json:"gpu_proof"`
}

// HasImage reports whether a Docker Hub image is available locally. Podman
// includes the registry's name.
func (d Daemon) HasImage(reference string) bool {
	return slices.Contains(d.Images.Value, reference) || slices.Contains(d.Images.Value, "docker.io/"+reference)
}

// GPU is one NVIDIA GPU as nvidia-smi describes it.
type GPU struct {
	Index             int          `json:"index"`
	UUID              string       `json:"uuid"`
	Name              string       `json:"name"`
	Driver            string       `json:"driver"`
	Memory            Fact[int64]  `json:"memory"`             // bytes
	FreeMemory        Fact[int64]  `json:"free_memory"`        // bytes
	ComputeCapability Fact[string] `json:"compute_capability"` // as "8.9"
	// MIG reports whether the GPU is partitioned: programs then see only its
	// slices. (Multi-Instance GPU)
	MIG    Fact[bool]    `json:"mig"`
	Slices Fact[[]Slice] `json:"slices"` // known where MIG is on
}

// Slice is one MIG device of a GPU.
type Slice struct {
	UUID    string `json:"uuid"`
	Profile string `json:"profile"` // as "1g.10gb"
	Memory  int64  `json:"memory"`  // bytes, from the profile's name
}
