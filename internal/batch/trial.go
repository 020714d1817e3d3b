package batch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/output"
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

// Deadly is the error for a photo that makes servers stop responding.
type Deadly struct {
	Why error // the last error; nil in a later run
}

func (d *Deadly) Error() string {
	if d.Why == nil {
		return "the server stopped twice while processing this photo in an earlier run; use --force to try again"
	}
	return fmt.Sprintf("the server stopped twice while processing this photo (%s)", api.Brief(d.Why))
}

func (d *Deadly) Unwrap() error { return d.Why }

// trial is the processing of one photo, with all attempts.
type trial struct {
	run    *Run
	job    *Job
	source *source

	server *Server // the last one tried
	asked  painted
	made   api.Processed // a portrait to fetch from server, if it has a job ID

	failures, lost int
	life           int // of the server, at the time of the request
	deaths         int // guarded by the pool
}

// make tries until there is a portrait or trying again is pointless.
func (t *trial) make(ctx context.Context) Result {
	begin := time.Now()
	defer t.forget(ctx)
	for {
		err := t.attempt(ctx)
		result := Result{Job: t.job, Outcome: Pending, Err: err, Took: time.Since(begin)}
		if t.server != nil {
			result.Server = t.server.URL
		}
		var none *NoServer
		switch {
		case err == nil:
			result.Outcome, result.Note = Done, t.made.Note
			t.run.convict()
			return result
		case ctx.Err() != nil:
			result.Err = context.Cause(ctx)
			return result
		case errors.As(err, &none):
			return result
		case t.guilty(ctx):
			err = &Deadly{Why: err}
			t.run.accuse(t)
		case t.worthRetrying(err):
			pause(ctx, time.Duration(max(1, t.failures))*t.run.pool.patience.retry)
			continue
		}
		result.Outcome, result.Err, result.Cause = Failed, err, causeOf(err)
		return result
	}
}

// attempt makes a portrait on one server.
func (t *trial) attempt(ctx context.Context) error {
	if t.made.Job == "" {
		if err := t.process(ctx); err != nil {
			return err
		}
	} else if !t.run.pool.awaitBack(ctx, t.server) {
		// The server was given up, and the portrait is lost with it.
		t.made = api.Processed{}
		return t.attempt(ctx)
	}
	t.life = t.run.pool.lifeOf(t.server)
	err := t.fetch(ctx)
	t.run.pool.judge(ctx, t, err)
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
func (t *trial) process(ctx context.Context) (err error) {
	r := t.run
	if t.server, err = r.pool.acquire(ctx, t); err != nil {
		return err
	}
	server := t.server
	t.life = r.pool.lifeOf(server)
	defer r.waits.end(t)
	r.waits.begin(t, Wait{Phase: Sending, Photo: t.job.Name, Server: server.URL})
	t.asked = server.ask(ctx, r.Recipe.Background, r.Swaps)
	options, upload := r.Recipe.Options, t.source.Upload
	options.Background = t.asked.told
	upload.Sent = func() { r.waits.begin(t, Wait{Phase: Working, Photo: t.job.Name, Server: server.URL}) }
	t.made, err = server.client.Process(ctx, upload, options)
	r.pool.release(server)
	if err == nil {
		return nil
	}
	if api.Unreachable(err) {
		t.lost++
		if !api.Untouched(err) {
			r.pool.suspect(server, t)
		}
	} else {
		t.failures++
	}
	r.pool.judge(ctx, t, err)
	t.forget(ctx)
	return err
}

// fetch downloads the finished portrait and writes it.
func (t *trial) fetch(ctx context.Context) error {
	t.run.waits.begin(t, Wait{Phase: Fetching, Photo: t.job.Name, Server: t.server.URL})
	defer t.run.waits.end(t)
	made := t.source.entry
	made.Options, made.ImageID = t.run.Recipe.String(), t.server.ImageID
	return t.run.results.save(t.job, made, func(file *os.File, format string) error {
		return t.download(ctx, file, format)
	})
}

// download downloads a portrait into a file and checks it.
func (t *trial) download(ctx context.Context, file *os.File, format string) error {
	err := t.server.client.Download(ctx, file, t.made.Job, format)
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return &unwritable{err}
	}
	if err != nil {
		return err
	}
	picture, err := t.examine(file, format)
	if err != nil {
		return err
	}
	if err := picture.CheckBytes(t.run.Recipe.MaxBytes); err != nil {
		return err
	}
	return t.prove(ctx, picture)
}

// prove checks that the server did not swap the background's colours. A PNG
// does not show that, because its corners are transparent, so for the first one
// the job's JPEG is fetched, too.
func (t *trial) prove(ctx context.Context, picture api.Picture) error {
	if picture.Format == PNG {
		if !t.server.unproven(t.asked) {
			return nil
		}
		var err error
		if picture, err = t.aside(ctx); err != nil {
			return err
		}
	}
	return t.server.prove(t.asked, picture, t.run.Recipe.Oval)
}

// aside examines the job's JPEG without keeping it.
func (t *trial) aside(ctx context.Context) (api.Picture, error) {
	file, err := output.Temporary(filepath.Dir(t.job.Results[0]))
	if err != nil {
		return api.Picture{}, &unwritable{err}
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := t.server.client.Download(ctx, file, t.made.Job, JPG); err != nil {
		return api.Picture{}, err
	}
	return t.examine(file, JPG)
}

// examine checks a file that was just written.
func (t *trial) examine(written *os.File, format string) (api.Picture, error) {
	file, err := os.Open(written.Name())
	if err != nil {
		return api.Picture{}, &unwritable{err}
	}
	defer file.Close()
	return api.Examine(file, format, t.run.Recipe.Options)
}

// forget deletes the job on the server. It is best effort: the server cleans up
// after a restart anyway.
func (t *trial) forget(ctx context.Context) {
	if t.made.Job != "" {
		_ = t.server.client.DeleteJob(context.WithoutCancel(ctx), t.made.Job)
		t.made = api.Processed{}
	}
}

// guilty reports whether the photo is the reason servers stopped responding. The
// last server may have been stopped by somebody, so it waits to find out.
func (t *trial) guilty(ctx context.Context) bool {
	pool := t.run.pool
	if pool.deathsOf(t) < maxDeaths {
		return false
	}
	pool.awaitBack(ctx, t.server)
	return pool.deathsOf(t) >= maxDeaths && ctx.Err() == nil
}

// worthRetrying reports whether another attempt can help: if the server failed,
// as opposed to the photo or the disk.
func (t *trial) worthRetrying(err error) bool {
	var failed *api.Failed
	var foreign *api.UnexpectedResponse
	var disk *unwritable
	switch {
	case errors.As(err, &disk) || t.failures >= maxAttempts || t.lost >= maxLost:
		return false
	case errors.As(err, &failed):
		return !failed.Settled || t.run.pool.othersThan(t.server)
	}
	return api.Unreachable(err) || errors.As(err, &foreign)
}

func causeOf(err error) Cause {
	var rejected *api.Rejected
	var unreadable *api.Unreadable
	var disk *unwritable
	var deadly *Deadly
	switch {
	case errors.As(err, &deadly):
		return StopsServer
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
