package plan

import "encoding/json"

// Fact is an answer with its evidence. Unknown is an answer of its own and is
// never treated as no.
type Fact[T any] struct {
	Value    T
	Known    bool
	Evidence string // where a known value was read, or why it is unknown
}

// Known is a fact that was established; evidence names where.
func Known[T any](value T, evidence string) Fact[T] {
	return Fact[T]{Value: value, Known: true, Evidence: evidence}
}

// Unknown is a fact that could not be established; why says what stood in the
// way.
func Unknown[T any](why string) Fact[T] {
	return Fact[T]{Evidence: why}
}

type jsonFact[T any] struct {
	Value    *T     `json:"value"`
	Evidence string `json:"evidence"`
}

// MarshalJSON writes an unknown as null, so that no reader mistakes the zero
// value for an answer.
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

// Facts is a photograph of reality, taken before anything is decided.
type Facts struct {
	Host   Host        `json:"host"`
	Daemon Daemon      `json:"daemon"`
	GPUs   Fact[[]GPU] `json:"gpus"`
	// LiteImage is the reference of the image that this program builds from
	// itself for the daemon's platform.
	LiteImage Fact[string] `json:"lite_image"`
	// BusyPorts are the TCP ports, of those that the request could use, on
	// which something listens already where the container will be published.
	BusyPorts Fact[[]int] `json:"busy_ports"`
}

// Host is the machine on which this program runs, which need not be the one
// that runs the container.
type Host struct {
	OS     string      `json:"os"`   // as GOOS
	Arch   string      `json:"arch"` // as GOARCH
	Memory Fact[int64] `json:"memory"`
	// GraphicsCards are names from the PCI bus: a hint that a GPU exists, not
	// a proof that it can be used.
	GraphicsCards Fact[[]string] `json:"graphics_cards"`
}

// Daemon is the world in which the container will run: Docker Desktop's
// virtual machine, a remote server, or this host.
type Daemon struct {
	Endpoint string       `json:"endpoint"`
	Local    Fact[bool]   `json:"local"` // on this machine, its virtual machines included
	Version  Fact[string] `json:"version"`
	Kind     Fact[string] `json:"kind"` // "Docker Engine", "Docker Desktop", "Podman"
	OS       Fact[string] `json:"os"`   // as GOOS
	Arch     Fact[string] `json:"arch"` // as GOARCH
	CPUs     Fact[int]    `json:"cpus"`
	Memory   Fact[int64]  `json:"memory"` // bytes that containers can share
	// NvidiaToolkit tells whether the daemon offers NVIDIA's container
	// toolkit. Its absence in the daemon's own account is not a no: Docker
	// Desktop and WSL2 work without naming it.
	NvidiaToolkit Fact[bool] `json:"nvidia_toolkit"`
}

// GPU is one NVIDIA GPU as nvidia-smi describes it.
type GPU struct {
	Index             int          `json:"index"`
	UUID              string       `json:"uuid"`
	Name              string       `json:"name"`
	Driver            string       `json:"driver"`
	Memory            Fact[int64]  `json:"memory"`             // bytes
	ComputeCapability Fact[string] `json:"compute_capability"` // as "8.9"
}
