// Package plan is the core of the program: probes gather Facts, the user makes
// a Request, and Make combines both with the Catalogue into one Plan.
// Everything else (the container, the Compose file, the text) derives from it.
// This package does no I/O.
package plan

// ContainerPort is the port every image listens on; no setting changes it.
const ContainerPort = 8000

// DefaultPort is the first host port to try.
const DefaultPort = 8000

// Loopback is the default address to publish on: the images enforce no API key,
// so by default only this machine may reach them.
const Loopback = "127.0.0.1"

// DefaultInstance is the container's name and the prefix of its volumes' names.
const DefaultInstance = "facecraft"

// Labels on every container that facecraft starts. They are the only state:
// what is running, and why, is read from the daemon.
const (
	// LabelInstance separates instances: each only sees, uses and stops its own
	// servers.
	LabelInstance = "io.facecraft.instance"
	LabelVariant  = "io.facecraft.variant"
	LabelGPUs     = "io.facecraft.gpus" // as GPURequest.String, where GPUs are used
	LabelPlan     = "io.facecraft.plan" // Container.Hash
	LabelVersion  = "io.facecraft.version"
	// LabelReplica numbers the containers of an instance with several.
	LabelReplica = "io.facecraft.replica"
	// LabelRole is Container.Role: servers have none. The network of a gateway
	// has it, too.
	LabelRole = "io.facecraft.role"
	// LabelTLS marks containers that speak HTTPS.
	LabelTLS = "io.facecraft.tls"
	// LabelHelper marks the short-lived helper containers. They are not
	// servers.
	LabelHelper = "io.facecraft.probe"
	// LabelOwner is the process that needs a helper container.
	LabelOwner = "io.facecraft.owner"
	// LabelDigest records which image a tag meant; tags move.
	LabelDigest = "io.facecraft.digest"
)

// Plan lists the containers to run, with the reason for each choice.
type Plan struct {
	// Containers all belong to one instance: the servers, then the gateway if
	// there is one.
	Containers []Container `json:"containers"`
	Needs      Needs       `json:"needs"`
	// Settings are the environment variables that the image supports, for
	// exported files.
	Settings []Setting `json:"-"`
	Reasons  []Reason  `json:"reasons"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Needs is what one server uses. It is for information and estimates only; it
// sets nothing on the container.
type Needs struct {
	Memory       int64 `json:"memory"`                  // bytes, with its models loaded
	UnpackedSize int64 `json:"unpacked_size,omitempty"` // of its image, in bytes; 0 means unknown
	StartSeconds int   `json:"start_seconds"`           // usual time until ready
}

// Reason is a choice with the fact that caused it.
type Reason struct {
	Choice  string `json:"choice"`
	Because string `json:"because"`
}

// First is the first server, which stands for the plan where only one is shown.
func (p Plan) First() Container { return p.Containers[0] }

// SetDigest records what the servers' image reference resolved to when it was
// pulled.
func (p *Plan) SetDigest(digest string) {
	for i := range p.Servers() {
		p.Containers[i].Image.Digest = digest
	}
}

// Because returns the reason for a choice, or "".
func (p Plan) Because(choice string) string {
	for _, reason := range p.Reasons {
		if reason.Choice == choice {
			return reason.Because
		}
	}
	return ""
}
