package batch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
)

// InFlight is how many photos a server gets at once unless told otherwise: it
// works on one, and the other is on its way meanwhile.
const InFlight = 2

// maxAttempts bounds what is tried for one photo. A server that fails over a
// photo rarely does better with it the second time, another one may.
const maxAttempts = 3

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

	pool     *pool
	results  results
	patience patience
}

// Result is what became of one photo.
type Result struct {
	*Job
	Outcome Outcome
	Err     error // why there is no portrait
	Cause   Cause
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
	if r.patience != (patience{}) {
		r.pool.patience = r.patience
	}
	defer r.pool.close()
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
	begin := time.Now()
	var server *Server
	for attempt := 1; ; attempt++ {
		if server, err = r.pool.acquire(ctx, server); err != nil {
			result.Err = err
			return result
		}
		err = r.attempt(ctx, server, job, source)
		r.pool.judge(ctx, server, err)
		result.Err, result.Server, result.Took = err, server.URL, time.Since(begin)
		switch {
		case err == nil:
			result.Outcome = Done
			return result
		case ctx.Err() != nil:
			result.Err = context.Cause(ctx)
			return result
		case !worthRetrying(err) || attempt == maxAttempts:
			result.Outcome, result.Cause = Failed, causeOf(err)
			return result
		}
		pause(ctx, time.Duration(attempt)*r.pool.patience.retry)
	}
}

// worthRetrying tells whether another attempt can help: where the server
// failed, not the photo or the disk.
func worthRetrying(err error) bool {
	var failed *api.Failed
	var foreign *api.Foreign
	var disk *unwritable
	return !errors.As(err, &disk) && (api.Unreachable(err) || errors.As(err, &failed) || errors.As(err, &foreign))
}

func causeOf(err error) Cause {
	var rejected *api.Rejected
	var unreadable *api.Unreadable
	var disk *unwritable
	switch {
	case errors.As(err, &rejected) && rejected.NoFace():
		return NoFace
	case errors.As(err, &rejected):
		return Refused
	case errors.As(err, &unreadable):
		return Unreadable
	case errors.As(err, &disk):
		return Unwritable
	}
	return ServerError
}

// attempt makes a portrait at one server.
func (r *Run) attempt(ctx context.Context, server *Server, job *Job, source *source) error {
	done, err := server.client.Process(ctx, source.Upload, r.Recipe.Options)
	r.pool.release(server)
	if done.Job != "" {
		// Best effort: the server cleans up at some later start by itself.
		defer func() { _ = server.client.DeleteJob(context.WithoutCancel(ctx), done.Job) }()
	}
	if err != nil {
		return err
	}
	made := source.entry
	made.Options, made.Engine = r.Recipe.String(), server.Engine
	return r.results.save(job, made, func(file *os.File, format string) error {
		err := server.client.Download(ctx, file, done.Job, format)
		var disk *fs.PathError
		if errors.As(err, &disk) {
			return &unwritable{err}
		}
		return err
	})
}
