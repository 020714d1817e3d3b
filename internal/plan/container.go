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
	Instance string `json:"instance"` // it belongs to
	Name     string `json:"name"`
	// Replica numbers the servers of an instance that has several, starting at
	// 1; 0 means there is only one.
	Replica int `json:"replica,omitempty"`
	// Role is RoleGateway, or empty for a server.
	Role    string `json:"role,omitempty"`
	Variant string `json:"variant"` // of the servers, for a gateway
	Image   Image  `json:"image"`
	// Args replace the image's own; empty means those.
	Args []string `json:"args,omitempty"`
	// Network is the instance's private network; empty means the daemon's
	// default. Containers in it reach each other by their names.
	Network string  `json:"network,omitempty"`
	Publish Publish `json:"publish"`
	User    string  `json:"user"` // uid:gid; root only where that maps to the caller on the host
	// GroupAdd lists the user's supplementary groups, by number.
	GroupAdd []string `json:"group_add,omitempty"`
	// UserNamespace is the user namespace mode, as in docker run --userns;
	// empty means the daemon's default.
	UserNamespace string   `json:"user_namespace,omitempty"`
	Env           []Env    `json:"env"`
	Secrets       []Secret `json:"secrets,omitempty"`
	// KeyFile is the file in the container that lists the API keys, which the
	// plan does not know; empty means that clients need none.
	KeyFile string `json:"key_file,omitempty"`
	// The server's files are in named volumes or in host directories.
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
	Init        bool        `json:"init"` // run an init process that reaps zombies
	Health      Health      `json:"health"`
	// StopSeconds is how long the current photo may take to finish on stop.
	StopSeconds int `json:"stop_seconds"`
}

// Hash identifies the container's configuration: equal hashes mean equal
// containers, whatever led to them. The image's digest is left out: it is known
// only after the pull, and a running server must still match after its tag has
// moved.
func (c Container) Hash() string {
	c.Image.Digest = ""
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // a Container holds only strings, numbers and lists of them
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

// Labels returns the container's labels when started by the given version of
// facecraft.
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
	if c.Role != "" {
		labels[LabelRole] = c.Role
	}
	if c.Publish.TLS {
		labels[LabelTLS] = "true"
	}
	return labels
}

// Image says what to run and where it comes from.
type Image struct {
	Reference string `json:"reference"`
	Platform  string `json:"platform"` // as linux/amd64
	// BuiltIn images are loaded from this program, the others are pulled.
	BuiltIn bool `json:"built_in"`
	// Digest is what the reference resolved to when it was pulled, as sha256:….
	// It is empty if the image did not come from a registry.
	Digest string `json:"digest,omitempty"`
}

// Pinned returns a reference that still means this exact image after its tag
// has moved. Without a digest it is the plain reference.
func (i Image) Pinned() string {
	if i.Digest == "" {
		return i.Reference
	}
	repository, _ := splitTag(i.Reference)
	return repository + "@" + i.Digest
}

// Publish is the container's one published port. A server behind a gateway
// publishes none: Address and Port are empty.
type Publish struct {
	Address   string `json:"address"`
	Port      int    `json:"port"`
	Container int    `json:"container"`
	TLS       bool   `json:"tls,omitempty"` // it speaks HTTPS
}

// Nowhere reports whether no port is published.
func (p Publish) Nowhere() bool { return p.Port == 0 }

// Env is one environment variable of the container.
type Env struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Volume is a named volume and its mount point.
type Volume struct {
	Name   string `json:"name" yaml:"name"`
	Target string `json:"target" yaml:"target"`
}

// Bind is a host directory and its mount point.
type Bind struct {
	Source string `json:"source"` // an absolute path
	Target string `json:"target"`
	// Owner should own the directory if it has to be created; nil means whoever
	// creates it.
	Owner *User `json:"owner,omitempty"`
	// Relabel makes it accessible to containers under SELinux.
	Relabel  bool `json:"relabel,omitempty"`
	ReadOnly bool `json:"read_only,omitempty"`
}

// GPURequest asks the daemon for NVIDIA GPUs: specific ones, or all.
type GPURequest struct {
	IDs []string `json:"ids,omitempty"` // UUIDs or indexes; none means all
}

// NewGPURequest requests GPUs by index or UUID; none, or AllGPUs, means all of
// them.
func NewGPURequest(asked []string) *GPURequest { return &GPURequest{IDs: ids(asked)} }

// LogRotation limits how much of the container's output the daemon keeps.
type LogRotation struct {
	MaxSize  string `json:"max_size"` // as 10m
	MaxFiles int    `json:"max_files"`
}

// Health is the container's health check.
type Health struct {
	// Test is the command in Docker's form, starting with CMD or CMD-SHELL.
	Test []string `json:"test"`
	// Checks run every IntervalSeconds and may take TimeoutSeconds. The
	// container is unhealthy after Retries consecutive failures; failures in
	// the first StartSeconds do not count.
	IntervalSeconds int `json:"interval_seconds"`
	TimeoutSeconds  int `json:"timeout_seconds"`
	StartSeconds    int `json:"start_seconds"`
	Retries         int `json:"retries"`
}

// URL is the server's address on this machine: loopback if it is published on
// all addresses (the IPv6 one for [::]). It is empty if no port is published.
func (p Publish) URL() string {
	if p.Nowhere() {
		return ""
	}
	scheme := "http"
	if p.TLS {
		scheme = "https"
	}
	host := p.Address
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = Loopback
		if ip.To4() == nil {
			host = net.IPv6loopback.String()
		}
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(p.Port))
}

// splitTag splits an image reference into repository and tag. A colon before
// the last slash belongs to the registry's port.
func splitTag(ref string) (repository, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// DownCommand returns the command that removes an instance's containers.
func DownCommand(instance string) string {
	if instance == DefaultInstance {
		return "facecraft down"
	}
	return "FACECRAFT_INSTANCE=" + instance + " facecraft down"
}
