// Package progress is what those who wait are told meanwhile.
package progress

import "time"

// Event is one step of progress. A new Stage begins with Done 0; Total 0
// means that the end is not known.
type Event struct {
	Stage       Stage
	Subject     string // an image, what is waited for, or why it is tried again
	Done, Total int64  // bytes while pulling and unpacking, seconds while waiting
	Rate        int64  // bytes a second while pulling; 0 is not known yet
	// Unpacked is how many bytes of what was pulled are unpacked already.
	Unpacked int64
	// Connections is how many there are to the registry; 0 is not known.
	Connections int
	// Left is the time that a pull will still take, or the pause before it is
	// tried again; 0 is not known.
	Left time.Duration
}

// Stage is what is being done.
type Stage int

// The stages of `up`, in their order.
const (
	Pulling Stage = iota
	Unpacking
	Retrying
	Kept     // a part of a pull that failed, in an image
	Cached   // a part of a download that ended, in a directory
	Busy     // another process downloads; this one waits for it
	ByDaemon // why it is the daemon that downloads
	Loading
	Starting
	Unproven // whether the server can write to its files
	Waiting
	Died // a server in work, with its post-mortem; it is started again
)

// String is the stage's name in JSON events.
func (s Stage) String() string {
	return [...]string{"downloading", "unpacking", "retrying", "kept", "cached", "busy", "docker-pull", "loading", "starting", "unproven", "waiting", "died"}[s]
}
