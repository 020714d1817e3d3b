package batch

import (
	"context"
	"errors"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/pool"
)

const (
	// maxAttempts limits the failures per photo. A server that failed on a photo
	// rarely succeeds the second time, but a different one may.
	maxAttempts = 3
	// maxLost limits the attempts without a response. Apart from this limit, a
	// restarted server is not held against a photo.
	maxLost = 10
	// maxDeaths is how often servers may stop responding during a photo before
	// the photo is considered the cause.
	maxDeaths = 2
)

// task is the processing of one photo, with all attempts.
type task struct {
	run    *Run
	job    *Job
	source *source

	member *pool.Member[*Server] // the server tried last
	asked  askedBackground
	made   api.Processed // a portrait to fetch from that server, if it has a job ID

	failures, lost int
	deaths         int // guarded by the run's suspects
}

// make tries until there is a portrait or trying again is pointless.
func (t *task) make(ctx context.Context) Result {
	begin := time.Now()
	defer t.forget(ctx)
	for {
		err := t.attempt(ctx)
		result := Result{Job: t.job, Outcome: Pending, Err: err, Took: time.Since(begin)}
		if t.member != nil {
			result.Server = t.member.Server.URL
		}
		var none *pool.NoServer
		switch {
		case err == nil:
			result.Outcome, result.Note = Done, t.made.Note
			t.run.recordBlamed()
			return result
		case ctx.Err() != nil:
			result.Err = context.Cause(ctx)
			return result
		case errors.As(err, &none):
			return result
		case t.isToBlame(ctx):
			err = &StopsServerError{Why: err}
			t.run.blame(t)
		case t.worthRetrying(err):
			pause(ctx, time.Duration(max(1, t.failures))*t.run.timing.retry)
			continue
		}
		result.Outcome, result.Err, result.Cause = Failed, err, causeOf(err)
		return result
	}
}

// attempt makes a portrait on one server.
func (t *task) attempt(ctx context.Context) error {
	if t.made.Job == "" {
		if err := t.process(ctx); err != nil {
			return err
		}
	} else if !t.run.pool.AwaitBack(ctx, t.member) {
		// The server was given up, and the portrait is lost with it.
		t.made = api.Processed{}
		return t.attempt(ctx)
	}
	generation := t.run.pool.Generation(t.member)
	err := t.fetch(ctx)
	t.run.recordOutcome(ctx, t.member, generation, err)
	switch {
	case err != nil && api.Unreachable(err):
		t.lost++ // fetch it once the server is back
	case err != nil:
		t.failures++
		t.forget(ctx)
	}
	return err
}

// process has a server process the photo. If a server stopped responding during
// this photo, it gets the next server to itself.
func (t *task) process(ctx context.Context) (err error) {
	r := t.run
	wish := pool.Wish[*Server]{Avoid: t.member, Alone: r.suspects.deathsOf(t) > 0}
	member, err := r.pool.Acquire(ctx, wish)
	if err != nil {
		return err
	}
	t.member = member
	server, generation := member.Server, r.pool.Generation(member)
	defer r.waits.end(t)
	r.waits.begin(t, Wait{Phase: Sending, Photo: t.job.Name, Server: server.URL})
	t.asked = server.ask(ctx, r.Recipe.Background, r.Swaps)
	options, upload := r.Recipe.Options, t.source.Upload
	options.Background = t.asked.sent
	upload.Sent = func() { r.waits.begin(t, Wait{Phase: Working, Photo: t.job.Name, Server: server.URL}) }
	t.made, err = server.client.Process(ctx, upload, options)
	// Only after its outcome is recorded, so that no other photo gets a dead server.
	defer r.pool.Release(member)
	if err == nil {
		return nil
	}
	if api.Unreachable(err) {
		t.lost++
		if !api.Untouched(err) {
			r.suspects.add(server, t)
		}
	} else {
		t.failures++
	}
	r.recordOutcome(ctx, member, generation, err)
	t.forget(ctx)
	return err
}

// isToBlame reports whether the photo is the reason servers stopped responding. The
// last server may have been stopped on purpose, so it waits to find out.
func (t *task) isToBlame(ctx context.Context) bool {
	suspects := &t.run.suspects
	if suspects.deathsOf(t) < maxDeaths {
		return false
	}
	t.run.pool.AwaitBack(ctx, t.member)
	return suspects.deathsOf(t) >= maxDeaths && ctx.Err() == nil
}

// worthRetrying reports whether another attempt can help: if the server failed,
// as opposed to the photo or the disk.
func (t *task) worthRetrying(err error) bool {
	var failed *api.Failed
	var unexpected *api.UnexpectedResponse
	var disk *unwritable
	switch {
	case errors.As(err, &disk) || t.failures >= maxAttempts || t.lost >= maxLost:
		return false
	case errors.As(err, &failed):
		return !failed.Settled || t.run.pool.OthersLive(t.member)
	}
	return api.Unreachable(err) || errors.As(err, &unexpected)
}
