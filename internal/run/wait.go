package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
)

// pollInterval is how often readiness is asked. Health checks are of no use
// here: the daemon runs the first after up to 30 s, and they fail while a
// photo is processed.
const pollInterval = 50 * time.Millisecond

// loopRestarts is how often a server may be restarted while it is waited for
// before that counts as a crash loop. restartGrace is how long it may lie dead
// where its restart policy will have it started: Podman does not say that.
const (
	loopRestarts = 2
	restartGrace = 2 * time.Second
)

// WaitReady returns when the server says that it can work. Each tick looks at
// the container too, so that a death is told at once. usual is how long it
// takes on an ordinary machine, for the report. The error of a server that
// died or never got ready is a post-mortem; its container is kept.
func (r *Runner) WaitReady(ctx context.Context, s Server, usual, timeout time.Duration) error {
	return r.waitReady(ctx, s, "died before it was ready", usual, timeout)
}

// waitReady is WaitReady with other words for a server's death.
func (r *Runner) waitReady(ctx context.Context, s Server, died string, usual, timeout time.Duration) error {
	client := api.New(s.URL)
	defer client.Close()
	w := wait{runner: r, server: s, died: died, alive: time.Now()}
	listening, stopListening := context.WithCancel(ctx)
	defer stopListening()
	go w.listen(listening)
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	begin := time.Now()
	for {
		readiness, readyErr := client.Ready(ctx)
		if readiness.Ready {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.checkAlive(ctx); err != nil {
			return err
		}
		waited := time.Since(begin)
		if waited > timeout {
			why := readiness.Why
			if readyErr != nil {
				why = readyErr.Error()
			}
			report := r.examine(ctx, s, fmt.Sprintf("was not ready after %s: %s", timeout, why))
			report.foreign = errors.As(readyErr, new(*api.Foreign))
			return report.fault()
		}
		r.Report(Event{Stage: Waiting, Subject: w.doing(), Done: int64(waited.Seconds()), Total: int64(usual.Seconds())})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// wait is one wait for one server.
type wait struct {
	runner   *Runner
	server   Server
	died     string    // what it did, if it is dead
	restarts *int      // at the first look
	alive    time.Time // when it last was

	mu   sync.Mutex
	line string // the last of the server's log that says what it does
}

func (w *wait) checkAlive(ctx context.Context) error {
	inspect, err := w.runner.inspect(ctx, w.server.ID)
	switch {
	case errdefs.IsNotFound(err):
		return fault.New(fault.Server, "run facecraft up again", "the container %s was removed while it started", w.server.Name)
	case client.IsErrConnectionFailed(err):
		return fault.Wrap(fault.Unrunnable, err, "start Docker again, then run facecraft up: it goes on with what is there",
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

// listen follows the server's log for what it is doing. It is a courtesy, and
// ends with ctx.
func (w *wait) listen(ctx context.Context) {
	_ = w.runner.Logs(ctx, w.server, w, w, LogOptions{Follow: true, Tail: "1"})
}

// Write takes a piece of the log; the daemon sends whole lines.
func (w *wait) Write(log []byte) (int, error) {
	for line := range strings.Lines(string(log)) {
		if line = spoken(line); line != "" {
			w.mu.Lock()
			w.line = line
			w.mu.Unlock()
		}
	}
	return len(log), nil
}

func (w *wait) doing() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.line
}

// spoken is what a log line says to people: without its level, and nothing
// where it only records a request.
func spoken(line string) string {
	line = strings.TrimSpace(plain(line))
	if strings.Contains(line, ` HTTP/1.`) {
		return ""
	}
	for _, level := range []string{"INFO:", "WARNING:", "ERROR:", "DEBUG:"} {
		line = strings.TrimSpace(strings.TrimPrefix(line, level))
	}
	return line
}

// LogOptions choose what of a server's output is copied.
type LogOptions struct {
	Follow bool
	Tail   string // a number of lines, or "all"
	Since  string // a time as the daemon writes it; empty is all
}

// Logs copies a server's output to the writers. All goes to stdout where the
// container has a terminal, as people's may: the daemon sends it as it is then.
func (r *Runner) Logs(ctx context.Context, s Server, stdout, stderr io.Writer, options LogOptions) error {
	inspect, err := r.inspect(ctx, s.ID)
	if err != nil {
		return err
	}
	body, err := r.Docker.ContainerLogs(ctx, s.ID, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: options.Follow, Tail: options.Tail, Since: options.Since,
	})
	if err != nil {
		return err
	}
	defer body.Close()
	if inspect.Config.Tty {
		_, err = io.Copy(stdout, body)
	} else {
		_, err = stdcopy.StdCopy(stdout, stderr, body)
	}
	return err
}
