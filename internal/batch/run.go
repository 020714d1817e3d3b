package batch

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
)

// InFlight is how many photos a server gets at once unless told otherwise: it
// works on one, and the other is on its way meanwhile.
const InFlight = 2

// Run gives photos to servers.
type Run struct {
	Servers  []*Server
	InFlight int // of each server; 0 is InFlight
	Recipe   Recipe
	Force    bool // existing results are replaced
	Checksum bool // the journal gets the photos' checksums
	// Report is told what became of each photo, one at a time.
	Report func(Result)
	// Notice is told when a server goes and comes.
	Notice func(s *Server, what string)
	// Timeout is how long a server that does not answer is waited for; 0 is
	// five minutes.
	Timeout time.Duration
	// Swaps tells whether a server has red and blue in each other's place; nil
	// leaves it to be found out.
	Swaps func(api.Status) bool
	// Waiting is told what lasts, now and then; nil is not told.
	Waiting func(Wait)

	pool     *pool
	results  results
	waits    waits
	patience patience
	accused  accused
}

// Result is what became of one photo.
type Result struct {
	*Job
	Outcome Outcome
	Err     error // why there is no portrait
	Cause   Cause
	Note    string        // what a person should know of the background: it was kept, and why
	Server  string        // that made it, by its URL
	Took    time.Duration // from the upload to the file
}

// Do takes jobs until the channel is closed, and returns when all are done. An
// interruption, or the loss of the last server, ends it early: then it returns
// why, the latter as a *NoServer, and the jobs that were not finished are
// Pending. Results that are there by then stay.
func (r *Run) Do(ctx context.Context, jobs <-chan *Job) error {
	perServer := r.InFlight
	if perServer == 0 {
		perServer = InFlight
	}
	r.pool = newPool(r.Servers, perServer, r.Notice)
	r.pool.waits = &r.waits
	if r.patience != (patience{}) {
		r.pool.patience = r.patience
	}
	if r.Timeout > 0 {
		r.pool.patience.answer = r.Timeout
	}
	defer r.pool.close()
	if r.Waiting != nil {
		done := make(chan struct{})
		var telling sync.WaitGroup
		defer telling.Wait()
		defer close(done)
		telling.Go(func() { r.waits.tell(done, r.pool.patience, r.Waiting) })
	}
	r.results.force = r.Force

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	var reporting sync.Mutex
	// A place at a server is free again while the portrait is downloaded, so
	// more photos are under way than the servers have.
	for range 2 * perServer * len(r.Servers) {
		workers.Go(func() {
			for job := range jobs {
				result := r.job(ctx, job)
				var none *NoServer
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
	r.convict()
	return nil
}

// job makes one photo's portrait.
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
	t := trial{run: r, job: job, source: source}
	return t.make(ctx)
}
