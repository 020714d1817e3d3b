package batch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/pool"
)

// InFlight is how many photos a server gets at once by default: it processes
// one while the next is being uploaded.
const InFlight = 2

// Run sends photos to servers.
type Run struct {
	Servers  []*Server
	InFlight int // per server; 0 means the default, InFlight
	Recipe   Recipe
	Force    bool // replace existing results
	Checksum bool // record the photos' checksums in the journal
	// Report is called with the result of each photo, one at a time.
	Report func(Result)
	// Notice is called when a server stops and when it comes back.
	Notice func(s *Server, what string)
	// Timeout is how long to wait for a server that does not respond; 0 means
	// five minutes.
	Timeout time.Duration
	// Swaps reports whether a server swaps red and blue; if nil, portraits will
	// show.
	Swaps func(api.Status) bool
	// Waiting, if not nil, is called from time to time during a long wait.
	Waiting func(Wait)

	pool     *pool.Pool[*Server]
	results  results
	waits    waits
	timing   timing
	suspects suspects
	blamed   blamed
}

// Result is the result of one photo.
type Result struct {
	*Job
	Outcome Outcome
	Err     error // why there is no portrait
	Cause   Cause
	Note    string        // a remark about the portrait: why its background was kept
	Server  string        // URL of the server that made it
	Took    time.Duration // from the upload to the finished file
}

// Do processes jobs until the channel is closed and all are done. It returns
// early, with an error, if ctx ends or if no servers are left (a *pool.NoServer).
// Unfinished jobs are then Pending; finished results are kept.
func (r *Run) Do(ctx context.Context, jobs <-chan *Job) error {
	perServer := r.InFlight
	if perServer == 0 {
		perServer = InFlight
	}
	for _, s := range r.Servers {
		s.connect()
		defer s.client.Close()
	}
	r.pool = pool.New(perServer, r.Servers...)
	defer r.pool.Wait()
	if r.timing == (timing{}) {
		r.timing = defaultTiming
	}
	if r.Timeout > 0 {
		r.timing.answer = r.Timeout
	}
	if r.Waiting != nil {
		done := make(chan struct{})
		var reporter sync.WaitGroup
		defer reporter.Wait()
		defer close(done)
		reporter.Go(func() { r.waits.reportLong(done, r.timing, r.Waiting) })
	}
	r.results.force = r.Force

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	var reporting sync.Mutex
	// A server can take the next photo while a portrait is being downloaded, so
	// there are more workers than photos in flight.
	for range 2 * perServer * len(r.Servers) {
		workers.Go(func() {
			for job := range jobs {
				result := r.job(ctx, job)
				var none *pool.NoServer
				if errors.As(result.Err, &none) {
					cancel(none)
				}
				reporting.Lock()
				r.Report(result)
				reporting.Unlock()
			}
		})
	}
	workers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.recordBlamed()
	return nil
}

// job makes the portrait of one photo.
func (r *Run) job(ctx context.Context, job *Job) Result {
	result := Result{Job: job, Outcome: Pending, Err: context.Cause(ctx)}
	if ctx.Err() != nil {
		return result
	}
	source, err := job.open(r.Checksum)
	if err != nil {
		result.Outcome, result.Err, result.Cause = Failed, err, Unreadable
		return result
	}
	defer source.close()
	t := task{run: r, job: job, source: source}
	return t.make(ctx)
}
