// Package batch sends any number of photos to servers and writes the portraits
// to disk:
//
//	inputs ──> places ──> selection ──> workers ──> results
//	(Find)     (Plan)     (Select)      (Run)       (temporary file, journal, rename)
//
// Photos are never modified. A result is either complete or absent. Files that
// were not made by facecraft are only replaced on request, and work that is
// already done is not repeated.
package batch

import (
	"github.com/djok/facecraft/internal/api"
)

// suffix marks a result: files with it are not treated as photos.
const suffix = "-facecraft"

// Formats of a result; also the file extensions.
const (
	PNG = "png" // transparent outside the oval
	JPG = "jpg" // on the background colour, at most 99 kB
)

// Recipe says how to make a portrait of a photo.
type Recipe struct {
	api.Options
	Formats []string // PNG, JPG or both
	// MaxBytes is the maximum size of each file; 0 means no limit.
	MaxBytes int64
}

// Outcome is what happened to a photo.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // a portrait was made
	Kept    Outcome = "kept"    // the portrait already exists
	Failed  Outcome = "failed"  // no portrait can be made; Result.Err says why
	Pending Outcome = "pending" // not finished: interrupted, or no servers left
	Skipped Outcome = "skipped" // looks like a portrait itself; Result.Err says why
)

// Cause is the group under which a failure is shown.
type Cause string

// The causes.
const (
	NoFace      Cause = "no face"
	Unreadable  Cause = "unreadable"
	Refused     Cause = "refused by the server"
	ServerError Cause = "server error"
	StopsServer Cause = "stops the server" // see StopsServerError
	Unwritable  Cause = "not written"
)
