package verify

import "time"

// Observations are what was seen while the image ran, each in a container of
// its own. What is nil was not observed.
type Observations struct {
	Ran bool
	Why string // why it did not run, for the report

	Offline  *Offline
	Identity *Identity
	Start    *Start
	Photos   *Photos
	Bursts   []Burst
	Stop     *Stop
	Windows  []Window
	Cleanup  *Cleanup
	CORS     *CORS
	Key      *Key
	GPU      *GPU
	Registry *Registry
}

// Offline is a start without any network, and a portrait made there.
type Offline struct {
	Ready    bool
	Portrait bool
	Problem  string   // in one line
	Log      []string // lines that speak of a download
}

// Identity is who the server is, as the container itself says.
type Identity struct {
	UID        int
	Unwritable []string // directories of its volumes
}

// Start is how the server got ready.
type Start struct {
	Ready   bool
	After   time.Duration
	Early   string // an answer with 2xx that said it is not ready, or empty
	Problem string
	Log     []string
}

// Photos are single photos after the server was ready.
type Photos struct {
	First, Third time.Duration
	CPUs         int
	Problem      string
}

// Burst are several photos at once.
type Burst struct {
	N         int
	Failed    []string // answers that were no portraits
	Different int      // portraits that differ from their sequential ones
	Died      bool
	Took      time.Duration
}

// Stop is how the server ends on SIGTERM.
type Stop struct {
	After  time.Duration
	Killed bool
}

// Window is a start under a limit of processors, while the image's own health
// check watches.
type Window struct {
	CPUs     float64
	Ready    bool
	After    time.Duration
	Silent   time.Duration // the longest time without an answer while a photo was processed
	Emulated bool
}

// Cleanup is what happened to old files in a fresh volume.
type Cleanup struct {
	Deleted      bool // after the start
	EmptyDirs    bool // job directories that were left
	Periodically bool
	Waited       time.Duration
}

// CORS is the answer to a stranger's preflight request.
type CORS struct {
	Echoed      bool
	Credentials bool
	Answer      string
}

// Key is the answer to a request without the key that the server was given.
type Key struct{ Status int }

// GPU is what the server's own libraries say of the device.
type GPU struct {
	Present bool
	Device  string
}

// Registry is what is published beside the image.
type Registry struct {
	Reference string    // of the latest tag
	Latest    string    // its digest; empty when there is no such tag
	Same      string    // the variant's tag that has the same digest, or empty
	Older     time.Time // when latest was built, if that was before this image
	Foreign   bool      // the repository has none of the variants
	Problem   string
	// Description is the repository's page on Docker Hub.
	Description Description
}

// Description is how a repository's page compares with the README.
type Description struct {
	Known   bool
	Same    bool
	Line    int  // of the README, where they begin to differ
	Foreign bool // it is not the catalogue's repository on Docker Hub
	Problem string
}
