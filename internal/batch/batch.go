// Package batch gives photos to servers and puts the portraits on disk, as
// many as there are and as often as it is asked:
//
//	inputs ──> places ──> selection ──> workers ──> results
//	(Find)     (Plan)     (Select)      (Run)       (temporary file, journal, rename)
//
// An input is never touched, a result is whole or absent, a file that was not
// made here is only replaced when asked, and what is done already is not done
// again.
package batch

import (
	"github.com/djok/facecraft/internal/api"
)

// suffix marks a result: what bears it is never taken as a photo.
const suffix = "-facecraft"

// Formats of a result, which are also their files' extensions.
const (
	PNG = "png" // with a transparent oval
	JPG = "jpg" // on the background colour, at most 99 kB
)

// Recipe is what makes a portrait of a photo.
type Recipe struct {
	api.Options
	Formats []string // PNG, JPG or both
	// MaxBytes is what each file may have; 0 is no limit.
	MaxBytes int64
}

// Outcome is what became of a photo.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // a portrait was made
	Kept    Outcome = "kept"    // there is one already
	Failed  Outcome = "failed"  // there can be none; Result.Err says why
	Pending Outcome = "pending" // not tried to the end: interrupted, or no server is left
	Skipped Outcome = "skipped" // named, but taken for a portrait; Result.Err says why
)

// Cause groups failures for people.
type Cause string

// The causes.
const (
	NoFace      Cause = "no face"
	Unreadable  Cause = "unreadable"
	Refused     Cause = "refused by the server"
	ServerError Cause = "server error"
	StopsServer Cause = "stops the server" // see Deadly
	Unwritable  Cause = "not written"
)
