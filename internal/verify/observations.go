package verify

import (
	"slices"
	"time"
)

// Observations were made while the image was running, each in a fresh container.
// Fields that are nil were not observed.
type Observations struct {
	Ran bool
	Why string // why it did not run
	// Emulated means that the image is for a different processor, so its times
	// are meaningless.
	Emulated bool

	Offline   *Offline
	Identity  *Identity
	Start     *Start
	Photos    *Photos
	Memory    *Memory
	Libraries *Libraries
	Bursts    []Burst
	Stop      *Stop
	Windows   []Window
	Cleanup   *Cleanup
	CORS      *CORS
	Key       *Key
	GPU       *GPU
	Registry  *Registry
}

// Offline describes a start without any network, and whether it made a portrait.
type Offline struct {
	Ready    bool
	Portrait bool
	Online   bool     // whether it makes one with a network
	Problem  string   // in one line
	Log      []string // lines that mention a download
}

// Identity is the server's user, as seen in the container.
type Identity struct {
	UID        int
	Unwritable []string // directories of its volumes
}

// Start describes how the server got ready.
type Start struct {
	Ready   bool
	After   time.Duration
	Early   string // a 2xx answer whose body said that it is not ready, or empty
	Problem string
	Log     []string
}

// Photos are single photos after the server was ready.
type Photos struct {
	First, Third time.Duration
	CPUs         int // of the daemon
	Problem      string
}

// Memory is the server's memory use after a few photos, in bytes.
type Memory struct {
	Processes []int64 // private memory of each, largest first
	Total     int64   // of all processes, counting shared memory once
	Limit     int64   // of the container; 0 means none
}

// minModels is the private memory, in bytes, from which a process is assumed to
// have loaded models.
const minModels = 64 << 20

// Workers returns how many processes have loaded models: those that use at
// least half as much memory as the largest one.
func (m *Memory) Workers() (n int) {
	if m == nil || len(m.Processes) == 0 || m.Processes[0] < minModels {
		return 0
	}
	for _, private := range m.Processes {
		if private >= m.Processes[0]/2 {
			n++
		}
	}
	return n
}

// Burst describes several photos sent at once.
type Burst struct {
	N         int
	Alone     string   // why the portraits could not be compared with single ones
	Failed    []string // answers without a portrait
	Different int      // portraits that differ from those of the same photos sent alone
	Died      bool
}

// Stop describes how the server stops on SIGTERM.
type Stop struct {
	After  time.Duration
	Killed bool
}

// Window describes a start with a CPU limit, while the image's own health check
// runs.
type Window struct {
	CPUs   float64
	Ready  bool
	After  time.Duration
	Silent time.Duration // the longest wait for an answer while photos were processed
	Probes *Probes
}

// Probes are the results of the image's health check after the server was
// ready, from State.Health.Log.
type Probes struct {
	Count   int
	Passed  int
	Failing time.Duration // the longest time without a success
	Took    time.Duration // the shortest of the failed ones
	Output  string        // of the last failed one
}

// Cleanup describes what happened to old files in a fresh volume.
type Cleanup struct {
	Deleted      bool // at the start
	EmptyDirs    bool // empty job directories remained
	Periodically bool
	Waited       time.Duration
}

// CORS is the answer to another website, with the image's own settings.
type CORS struct {
	Echoed      bool
	Credentials bool
	Answer      string
}

// Key are the HTTP statuses for a photo without a key, and with a wrong one,
// from a server that was given a key. 0 means no answer.
type Key struct{ Status, Wrong int }

// GPU is what the server reports about its device.
type GPU struct {
	Present bool
	Device  string
}

// Libraries are the Python libraries of the image, as its own Python sees them.
type Libraries struct {
	Python string // the path of the interpreter
	Why    string // why nothing was seen
	List   []Library
}

// Library is what a library reports about itself. The JSON comes from
// libraries.py.
type Library struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Problem  string `json:"problem"` // why it cannot be imported
	Answered bool   `json:"-"`       // false if the import did not end

	// Of torch; the fields of the device only with a GPU.
	CUDA          string   `json:"cuda"`
	HIP           string   `json:"hip"`
	Available     bool     `json:"available"`
	Device        string   `json:"device"`
	Capability    string   `json:"capability"`
	Kernels       []string `json:"kernels"`
	KernelProblem string   `json:"kernel_problem"`

	// Of ONNX Runtime.
	Providers       []string `json:"providers"`
	Session         []string `json:"session"` // the ones that a session actually uses
	SessionProblem  string   `json:"session_problem"`
	ProviderProblem string   `json:"provider_problem"` // a library that the CUDA provider lacks

	// Of dlib; nil means that dlib does not report it.
	BLAS   *bool `json:"blas"`
	LAPACK *bool `json:"lapack"`
}

// Unfinished sets the problem of the library whose import made Python exit.
func (l *Libraries) Unfinished(problem string) {
	for i := range l.List {
		if !l.List[i].Answered {
			l.List[i].Problem, l.List[i].Answered = problem, true
		}
	}
}

// library returns a library that was asked, or nil.
func (l *Libraries) library(name string) *Library {
	if l == nil {
		return nil
	}
	if at := slices.IndexFunc(l.List, func(l Library) bool { return l.Name == name && l.Answered }); at >= 0 {
		return &l.List[at]
	}
	return nil
}

// Registry describes what else is published in the image's repository.
type Registry struct {
	Reference string    // of the latest tag
	Latest    string    // its digest; empty if there is no such tag
	Same      string    // the variant's tag that has the same digest, or empty
	Older     time.Time // when latest was built, if that was before this image
	Unrelated bool      // the repository has none of the variants
	Problem   string
	// Description is the repository's page on Docker Hub.
	Description Description
}

// Description compares a repository's page with the README.
type Description struct {
	Known     bool
	Same      bool
	Line      int  // of the README, where they begin to differ
	Unrelated bool // not the catalogue's repository on Docker Hub
	Problem   string
}
