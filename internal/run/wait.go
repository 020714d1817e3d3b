package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/progress"
)

// pollInterval is how often to poll readiness. Docker's health checks do not
// help here: the first runs after up to 30 s, and they fail while a photo is
// processed.
const pollInterval = 50 * time.Millisecond

// loopRestarts is how often a server may restart during the wait before that
// counts as a crash loop. restartGrace is how long it may be down if its
// restart policy will restart it: Podman does not report that.
const (
	loopRestarts = 2
	restartGrace = 2 * time.Second
)

// WaitReady returns when the server says that it is ready. Each tick also
// checks the container, so that its death is reported at once. usual is how
// long this takes on an ordinary machine, for the progress report. If the
// server dies or never becomes ready, the error is a post-mortem, and its
// container is kept.
func (r *Runner) WaitReady(ctx context.Context, s Server, usual, timeout time.Duration) error {
	return r.waitReady(ctx, s, diedLoading, usual, timeout)
}

// waitReady is WaitReady with a different description of a server's death.
func (r *Runner) waitReady(ctx context.Context, s Server, died string, usual, timeout time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	client := r.Client(ctx, s)
	defer client.Close()
	w := wait{runner: r, server: s, died: died, alive: time.Now()}
	go w.listen(ctx)
	answers, answer := client.Answers(ctx, pollInterval), api.Answer{}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	begin := time.Now()
	for {
		select {
		case latest, open := <-answers:
			if latest.Ready {
				return nil
			}
			if open {
				answer = latest
			}
		case <-ticker.C:
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.checkAlive(ctx); err != nil {
			return err
		}
		if err := w.checkLoading(ctx, answer); err != nil {
			return err
		}
		waited := time.Since(begin)
		if waited > timeout {
			return w.late(ctx, answer, timeout)
		}
		r.Report(progress.Event{Stage: progress.Waiting, Subject: w.doing(), Done: int64(waited.Seconds()),
			Total: int64(usual.Seconds())})
	}
}

// late returns the report on a server that took too long.
func (w *wait) late(ctx context.Context, last api.Answer, timeout time.Duration) error {
	why := "it does not answer"
	switch {
	case last.Err != nil:
		why = last.Err.Error()
	case last.Why != "":
		why = last.Why
	}
	report := w.runner.examine(ctx, w.server, fmt.Sprintf("was not ready after %s: %s", timeout, why))
	report.notFacecraft = errors.As(last.Err, new(*api.UnexpectedResponse))
	return report.fault()
}

// wait is one wait for one server.
type wait struct {
	runner   *Runner
	server   Server
	died     string    // what happened, if it is dead
	restarts *int      // at the first check
	alive    time.Time // when it was last alive

	mu      sync.Mutex
	line    string // the latest log line that says what the server is doing
	failure string // the log line that says that the models cannot be loaded
}

func (w *wait) checkAlive(ctx context.Context) error {
	inspect, err := containers.Inspect(ctx, w.runner.Docker, w.server.ID)
	switch {
	case errdefs.IsNotFound(err):
		return fault.New(fault.Server, "run facecraft up again", "the container %s was removed while it started",
			w.server.Name)
	case client.IsErrConnectionFailed(err):
		return fault.Wrap(fault.Unrunnable, err, "start Docker again, then run facecraft up: it continues where it stopped",
			"Docker stopped answering")
	case err != nil:
		return err
	}
	if w.restarts == nil {
		w.restarts = &inspect.RestartCount
	}
	switch {
	case inspect.RestartCount > *w.restarts+loopRestarts:
	case inspect.State.Running && !inspect.State.Restarting:
		w.alive = time.Now()
		return nil
	case inspect.State.Restarting,
		!inspect.HostConfig.RestartPolicy.IsNone() && time.Since(w.alive) < restartGrace:
		return nil
	}
	return w.runner.examine(ctx, w.server, w.died).fault()
}

// loadFailure is the log text for models that cannot be loaded (1.0.0, in lower
// case). The server keeps running and tries again on each request.
const loadFailure = "error initializing processor"

// checkLoading stops waiting for a server that cannot load its models: its log
// says so, or every readiness request failed.
func (w *wait) checkLoading(ctx context.Context, last api.Answer) error {
	w.mu.Lock()
	failure := w.failure
	w.mu.Unlock()
	if failure == "" && !errors.As(last.Err, new(*api.NeverReady)) {
		return nil
	}
	report := w.runner.examine(ctx, w.server, "cannot load its models")
	report.unloadable = true
	if report.quote = failure; failure == "" && report.state != nil {
		report.quote = quoteOf(w.runner.said(ctx, w.server, report.state.StartedAt))
	}
	return report.fault()
}

// listen follows the server's log to see what it is doing and whether loading
// failed. It ends with ctx. For a server that ran before, only new lines count:
// it may have loaded its models since an earlier failure.
func (w *wait) listen(ctx context.Context) {
	options := containers.LogOptions{Follow: true, Tail: "1"}
	if inspect, err := containers.Inspect(ctx, w.runner.Docker, w.server.ID); err == nil {
		started, err := time.Parse(time.RFC3339Nano, inspect.State.StartedAt)
		if err == nil && time.Since(started) < startGrace {
			options = containers.LogOptions{Follow: true, Tail: "all", Since: since(inspect.State.StartedAt)}
		}
	}
	_ = w.runner.Logs(ctx, w.server, w, w, options)
}

// Write receives a piece of the log; the daemon sends whole lines.
func (w *wait) Write(log []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(string(log)) {
		if line = spoken(line); line == "" {
			continue
		}
		w.line = line
		if strings.Contains(strings.ToLower(line), loadFailure) {
			w.failure = line
		}
	}
	return len(log), nil
}

func (w *wait) doing() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}

// spoken returns the part of a log line for people: without its level, and
// empty if it only records a request.
func spoken(line string) string {
	line = strings.TrimSpace(plain(line))
	if strings.Contains(line, ` HTTP/1.`) {
		return ""
	}
	for _, level := range []string{"INFO:", "WARNING:", "ERROR:", "DEBUG:"} {
		line = strings.TrimSpace(strings.TrimPrefix(line, level))
	}
	if !strings.ContainsFunc(line, unicode.IsLetter) { // part of a banner
		return ""
	}
	return line
}

// Logs copies a server's output to the writers.
func (r *Runner) Logs(ctx context.Context, s Server, stdout, stderr io.Writer, options containers.LogOptions) error {
	return containers.Logs(ctx, r.Docker, s.ID, stdout, stderr, options)
}
