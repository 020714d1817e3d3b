// Package progress defines the progress events shown during long operations.
package progress

import "time"

// Event is one step of progress. A new Stage begins with Done 0; Total 0 means
// that the total is unknown.
type Event struct {
	Stage       Stage
	Subject     string // an image, what it is waiting for, or the reason for a retry
	Done, Total int64  // bytes while pulling and unpacking, seconds while waiting
	Rate        int64  // bytes per second while pulling; 0 means not known yet
	// Unpacked is how many bytes of what was pulled are unpacked already.
	Unpacked int64
	// Connections is how many there are to the registry; 0 is not known.
	Connections int
	// Left is the remaining time of a pull, or the pause before a retry; 0
	// means unknown.
	Left time.Duration
}

// Stage is what is being done.
type Stage int

// The stages of `up`, in order.
const (
	Pulling Stage = iota
	Unpacking
	Retrying
	Kept     // the completed layers of a failed pull, in an image
	Cached   // the completed part of an unfinished download, in a directory
	Busy     // waiting for another process that is downloading
	ByDaemon // why the daemon does the download
	Loading
	Starting
	Unproven // could not check whether the server can write to its files
	Waiting
	Died // a busy server, with its post-mortem; it is being restarted
)

// String is the stage's name in JSON events.
func (s Stage) String() string {
	return [...]string{"downloading", "unpacking", "retrying", "kept", "cached", "busy", "docker-pull", "loading",
		"starting", "unproven", "waiting", "died"}[s]
}
