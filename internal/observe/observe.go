// Package observe watches a server from inside its own network, where nothing
// else can be reached. It runs in a helper container beside the server's.
package observe

import (
	"context"
	"net/http"
	"time"
)

// Command is the hidden command of this program that carries out an Order and
// prints what it has Seen, both as JSON.
const Command = "observe-inside"

// base is where every server listens.
const base = "http://127.0.0.1:8000"

// Order is what to look at, in this order.
type Order struct {
	// Seed are directories in which old files are made, and nothing else is
	// done: the server does not run yet.
	Seed []string
	// Patience is how long the server may take to be ready.
	Patience time.Duration
	Who      bool     // the user of the server's first process
	Write    []string // directories in which the server's user writes
	Photos   int      // one after the other
	Bursts   []int    // photos at once
	Busy     bool     // whether it answers while it processes a photo
	Stranger bool     // a foreign website
	NoKey    bool     // a request without the key
	// Gone are directories whose old files should be gone; then new old files
	// are made, and watched for Watch.
	Gone  []string
	Watch time.Duration
}

// Seen is what was seen.
type Seen struct {
	Ready   bool
	ReadyAt time.Time
	Early   string // an answer of 2xx that said it is not ready
	Problem string // why it did not get ready
	Device  string // by /status
	UID     int
	Cannot  []string // directories that cannot be written to
	Photos  []Photo
	Bursts  []Burst
	Silent  time.Duration // the longest time without an answer while it was busy
	CORS    *CORS
	NoKey   int // HTTP status; 0 is none
	Gone    bool
	Empty   bool // directories that are left without their files
	Later   bool // files that were made while it ran are gone too
}

// Photo is the answer to one photo.
type Photo struct {
	Took     time.Duration
	Portrait bool
	Answer   string // where there is no portrait
	picture  []byte
}

// Burst are the answers to several photos at once.
type Burst struct {
	N         int
	Failed    []string
	Different int
	Silent    bool // the server does not answer any more
}

// CORS is the answer to a foreign website.
type CORS struct{ Origin, Credentials string }

// watcher carries out an Order.
type watcher struct {
	http  *http.Client
	order Order
	seen  Seen
}

// Do carries out an Order. What cannot be seen is missing from the answer.
func Do(ctx context.Context, order Order) Seen {
	w := watcher{http: &http.Client{Timeout: photoTimeout}, order: order}
	if len(order.Seed) > 0 {
		w.seen.Cannot = seed(order.Seed)
		return w.seen
	}
	if w.waitReady(ctx); !w.seen.Ready {
		return w.seen
	}
	w.seen.Device = w.device(ctx)
	w.who()
	for range order.Photos {
		w.seen.Photos = append(w.seen.Photos, w.photo(ctx, 0))
	}
	w.bursts(ctx)
	w.busy(ctx)
	w.stranger(ctx)
	w.files(ctx)
	return w.seen
}
