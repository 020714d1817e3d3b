package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"strconv"
	"strings"
)

// Container is one container to create. Sizes are in bytes.
type Container struct {
	Instance string `json:"instance"` // that it belongs to
	Name     string `json:"name"`
	// Replica is its number among the servers of an instance that has several,
	// from 1 on; 0 is the only one.
	Replica int     `json:"replica,omitempty"`
	Variant string  `json:"variant"`
	Image   Image   `json:"image"`
	Publish Publish `json:"publish"`
	User    string  `json:"user"` // uid:gid; root only where root is the caller outside
	// GroupAdd are further groups of the user, by number.
	GroupAdd []string `json:"group_add,omitempty"`
	// UserNamespace is Docker's word for how users inside and outside relate;
	// empty is the daemon's default.
	UserNamespace string   `json:"user_namespace,omitempty"`
	Env           []Env    `json:"env"`
	Secrets       []Secret `json:"secrets,omitempty"`
	// The server's files are in named volumes, or in directories of the host.
	Volumes     []Volume    `json:"volumes"`
	Binds       []Bind      `json:"binds,omitempty"`
	Tmpfs       []string    `json:"tmpfs,omitempty"` // writable paths in memory
	ReadOnly    bool        `json:"read_only"`       // the root file system
	GPUs        *GPURequest `json:"gpus,omitempty"`
	MemoryLimit int64       `json:"memory_limit"`
	PIDsLimit   int64       `json:"pids_limit"`
	Restart     string      `json:"restart,omitempty"` // one of RestartPolicies
	CapDrop     []string    `json:"cap_drop"`
	SecurityOpt []string    `json:"security_opt"`
	Log         LogRotation `json:"log"`
	Init        bool        `json:"init"` // a process 1 that reaps others' children
	Health      Health      `json:"health"`
	// StopSeconds is how long a photo in work may take to finish at stop.
	StopSeconds int `json:"stop_seconds"`
}

// Hash identifies the container: two with the same hash are the same, whatever
// led to them. The image's digest is left out: it is known only once the image
// was pulled, and a tag that has moved since must not make a running server
// another.
func (c Container) Hash() string {
	c.Image.Digest = ""
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // a Container holds only strings, numbers and lists of them
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// Labels are the container's, when a launcher of the given version starts it.
func (c Container) Labels(version string) map[string]string {
	labels := map[string]string{
		LabelInstance: c.Instance,
		LabelVariant:  c.Variant,
		LabelPlan:     c.Hash(),
		LabelVersion:  version,
	}
	if c.GPUs != nil {
		labels[LabelGPUs] = c.GPUs.String()
	}
	if c.Image.Digest != "" {
		labels[LabelDigest] = c.Image.Digest
	}
	if c.Replica > 0 {
		labels[LabelReplica] = strconv.Itoa(c.Replica)
	}
	return labels
}

// Image is what to run and where it comes from.
type Image struct {
	Reference string `json:"reference"`
	Platform  string `json:"platform"` // as linux/amd64
	// BuiltIn images are loaded from this program, the others are pulled.
	BuiltIn bool `json:"built_in"`
	// Digest is what the reference stood for, as sha256:…, when it was pulled.
	// It is empty for an image that came from no registry.
	Digest string `json:"digest,omitempty"`
}

// Pinned is the reference that goes on meaning this very image when its tag
// moves. Without a digest it is the reference itself.
func (i Image) Pinned() string {
	if i.Digest == "" {
		return i.Reference
	}
	repository, _ := splitTag(i.Reference)
	return repository + "@" + i.Digest
}

// Publish is the one port of the container that the host can reach.
type Publish struct {
	Address   string `json:"address"`
	Port      int    `json:"port"`
	Container int    `json:"container"`
}

// Env is one environment variable of the container.
type Env struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Volume is a named volume and its place in the container.
type Volume struct {
	Name   string `json:"name" yaml:"name"`
	Target string `json:"target" yaml:"target"`
}

// Bind is a directory of the host and its place in the container.
type Bind struct {
	Source string `json:"source"` // an absolute path
	Target string `json:"target"`
	// Owner is to own the directory if it has to be made; nil is its maker.
	Owner *User `json:"owner,omitempty"`
	// Relabel lets containers use it under SELinux.
	Relabel bool `json:"relabel,omitempty"`
}

// GPURequest asks the daemon for NVIDIA GPUs: those named, or all.
type GPURequest struct {
	IDs []string `json:"ids,omitempty"` // UUIDs or indexes; none means all
}

// NewGPURequest is the request for the GPUs asked for, by index or UUID; all
// of them where none or AllGPUs is named.
func NewGPURequest(asked []string) *GPURequest { return &GPURequest{IDs: ids(asked)} }

// LogRotation bounds what the daemon keeps of the container's output.
type LogRotation struct {
	MaxSize  string `json:"max_size"` // as 10m
	MaxFiles int    `json:"max_files"`
}

// Health is the check by which the daemon tells a server that works from one
// that does not.
type Health struct {
	// Test is the command, as Docker writes it: its first word is CMD or
	// CMD-SHELL.
	Test []string `json:"test"`
	// IntervalSeconds pass between two checks, each of which may take
	// TimeoutSeconds. Retries failures in a row mean unhealthy; those in the
	// first StartSeconds do not count.
	IntervalSeconds int `json:"interval_seconds"`
	TimeoutSeconds  int `json:"timeout_seconds"`
	StartSeconds    int `json:"start_seconds"`
	Retries         int `json:"retries"`
}

// URL is where the server answers on this machine. A server that is published
// on all addresses is reached by loopback, of IPv6 where those are IPv6's.
func (p Publish) URL() string {
	host := p.Address
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = Loopback
		if ip.To4() == nil {
			host = net.IPv6loopback.String()
		}
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(p.Port))
}

// splitTag cuts an image reference into repository and tag. A colon before
// the last slash belongs to the registry's port.
func splitTag(ref string) (repository, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// DownCommand removes an instance's containers.
func DownCommand(instance string) string {
	if instance == DefaultInstance {
		return "facecraft down"
	}
	return "FACECRAFT_INSTANCE=" + instance + " facecraft down"
}
