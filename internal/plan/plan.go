// Package plan is the waist of the program: probes gather Facts, the user
// makes a Request, and Make turns both, with the Catalogue, into one Plan from
// which everything else (the container, the compose file, the text) derives.
// It does no I/O.
package plan

// ContainerPort is where every image listens; no setting changes it.
const ContainerPort = 8000

// DefaultPort is the host port that is tried first.
const DefaultPort = 8000

// Loopback is the default address to publish on: the images enforce no API
// key, so nothing beyond this machine may reach them unasked.
const Loopback = "127.0.0.1"

// DefaultInstance names the container, and begins the names of its volumes.
const DefaultInstance = "facecraft"

// Labels that every container of this program carries. They are the only
// state there is: what runs, and why, is asked of the daemon.
const (
	// LabelInstance keeps servers of different instances apart: none sees, uses
	// or stops another's.
	LabelInstance = "io.facecraft.instance"
	LabelVariant  = "io.facecraft.variant"
	LabelGPUs     = "io.facecraft.gpus" // as GPURequest.String, where GPUs are used
	LabelPlan     = "io.facecraft.plan" // Container.Hash
	LabelVersion  = "io.facecraft.version"
	// LabelReplica numbers the containers of an instance that has several.
	LabelReplica = "io.facecraft.replica"
	// LabelProbe marks the short-lived containers that look around inside the
	// daemon's world. They are no servers.
	LabelProbe = "io.facecraft.probe"
	// LabelDigest tells which image a tag stood for; a tag moves.
	LabelDigest = "io.facecraft.digest"
)

// Plan is the containers to run, with the reasons for each choice.
type Plan struct {
	// Containers belong to one instance. The first is always a server.
	Containers []Container `json:"containers"`
	Needs      Needs       `json:"needs"`
	// Settings are the variables that the image knows, for those who change
	// them.
	Settings []Setting `json:"-"`
	Reasons  []Reason  `json:"reasons"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Needs is what one server takes. It informs people and those who wait; no
// container is given it.
type Needs struct {
	Memory       int64 `json:"memory"`                  // bytes, with its models loaded
	UnpackedSize int64 `json:"unpacked_size,omitempty"` // of its image, in bytes; 0 is unknown
	StartSeconds int   `json:"start_seconds"`           // usual time to readiness
}

// Reason is a choice with the fact that caused it.
type Reason struct {
	Choice  string `json:"choice"`
	Because string `json:"because"`
}

// First is the server that is named, shown and asked first.
func (p Plan) First() Container { return p.Containers[0] }

// SetDigest notes what the image's reference stood for when it was pulled.
func (p *Plan) SetDigest(digest string) {
	for i := range p.Containers {
		p.Containers[i].Image.Digest = digest
	}
}

// Because is the reason for a choice, or nothing.
func (p Plan) Because(choice string) string {
	for _, reason := range p.Reasons {
		if reason.Choice == choice {
			return reason.Because
		}
	}
	return ""
}
