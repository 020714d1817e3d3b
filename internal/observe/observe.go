// Package observe watches a server from a helper container that shares the
// server's network, processes and volumes.
package observe

import (
	"context"
	"net/http"
	"time"
)

// Command is the hidden command of this program that carries out an Order and
// prints a Seen, both as JSON.
const Command = "observe-server"

// base is the server's address; the container's port is always 8000.
const base = "http://127.0.0.1:8000"

// Order lists what to observe. The fields are carried out in this order.
type Order struct {
	// Patience is how long the server may take to get ready.
	Patience time.Duration
	Who      bool     // the user of the server's first process
	Write    []string // directories that the server's user writes to
	Photos   int      // number of photos to send one at a time
	Memory   bool     // the memory of the server's processes
	Bursts   []int    // numbers of photos to send at once
	// Busy keeps the server busy with photos for this long, and checks that it
	// still answers.
	Busy     time.Duration
	Stranger bool // send requests as another website
	NoKey    bool // send requests without a key, and with a wrong one
	// Gone are directories whose old files should have been deleted by now.
	Gone []string
	// Renew creates old files in these directories while the server is running,
	// and waits up to Watch for them to be deleted.
	Renew []string
	Watch time.Duration
}

// Seen is what was observed.
type Seen struct {
	Ready     bool
	ReadyAt   time.Time
	Early     string // a 2xx answer whose body said that it is not ready
	Problem   string // why it did not get ready
	Device    string // from /status
	UID       int
	Cannot    []string // directories that are not writable
	Photos    []Photo
	Processes []Process // largest first
	Bursts    []Burst
	BusyFrom  time.Time
	BusyUntil time.Time
	Silent    time.Duration // the longest wait for a response while it was busy
	CORS      *CORS
	NoKey     int  // HTTP status; 0 means no answer
	WrongKey  int  // likewise
	Gone      bool // the old files were deleted
	Empty     bool // their directories are still there
	Renewed   bool // new old files could be created
	Later     bool // they were deleted while it was running
}

// Photo is the response to one photo.
type Photo struct {
	Took     time.Duration
	Portrait bool
	Answer   string // if there is no portrait
	picture  []byte
}

// Burst contains the responses to several photos sent at once.
type Burst struct {
	N         int
	Alone     string   // why the photos could not be compared with the same ones alone
	Failed    []string // answers without a portrait
	Different int
	Silent    bool // the server no longer answers
}

// CORS contains the headers in the response to another website.
type CORS struct{ Origin, Credentials string }

// watcher carries out an Order.
type watcher struct {
	http  *http.Client
	order Order
	seen  Seen
}

// Do carries out an Order. What cannot be observed is missing from the answer.
func Do(ctx context.Context, order Order) Seen {
	w := watcher{http: &http.Client{Timeout: photoTimeout}, order: order}
	if w.waitReady(ctx); !w.seen.Ready {
		return w.seen
	}
	w.who()
	for range order.Photos {
		w.seen.Photos = append(w.seen.Photos, w.photo(ctx, 0))
	}
	// Not before the first photo: some servers load their models for this.
	w.seen.Device = w.device(ctx)
	w.memory()
	w.bursts(ctx)
	w.busy(ctx)
	w.stranger(ctx)
	w.keys(ctx)
	w.files()
	w.watch(ctx)
	return w.seen
}
