package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
)

// pollInterval is how often readiness is asked. Health checks are of no use
// here: the daemon runs the first after up to 30 s.
const pollInterval = 50 * time.Millisecond

// lastLines is how much of a dead server's output is shown.
const lastLines = 20

// WaitReady returns when the server says that it can work. Each tick looks at
// the container too, so that a death is told at once. usual is how long it
// takes on an ordinary machine, for the report.
func (r *Runner) WaitReady(ctx context.Context, s Server, usual, timeout time.Duration) error {
	client := api.New(s.URL)
	defer client.Close()
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
		if err := r.checkAlive(ctx, s); err != nil {
			return err
		}
		waited := time.Since(begin)
		if waited > timeout {
			return r.neverReady(ctx, s, timeout, readiness, readyErr)
		}
		r.Report(Event{Stage: Waiting, Subject: readiness.Why, Done: int64(waited.Seconds()), Total: int64(usual.Seconds())})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func (r *Runner) checkAlive(ctx context.Context, s Server) error {
	inspect, err := r.Docker.ContainerInspect(ctx, s.ID)
	switch {
	case errdefs.IsNotFound(err):
		return fault.New(fault.Server, "run facecraft up again", "the container %s was removed while it started", s.Name)
	case err != nil:
		return err
	}
	state := inspect.State
	if state.Running && !state.Restarting {
		return nil
	}
	how := fmt.Sprintf("exit code %d", state.ExitCode)
	switch {
	case state.OOMKilled:
		how += ", killed for want of memory"
	case state.ExitCode == 137:
		how += ", killed, probably for want of memory"
	}
	if state.Error != "" {
		how += ", " + state.Error
	}
	return fault.New(fault.Server, "the container is kept: facecraft logs shows all it said, facecraft down removes it",
		"the server died before it was ready (%s)%s", how, r.lastWords(ctx, s))
}

func (r *Runner) neverReady(ctx context.Context, s Server, timeout time.Duration, readiness api.Readiness, err error) error {
	why := readiness.Why
	if err != nil {
		why = err.Error()
	}
	return fault.New(fault.Server, "it goes on loading: facecraft logs -f shows how far it is; --timeout waits longer; facecraft down removes it",
		"the server was not ready after %s: %s%s", timeout, why, r.lastWords(ctx, s))
}

// lastWords is the end of the server's output, ready to follow an error.
func (r *Runner) lastWords(ctx context.Context, s Server) string {
	var out bytes.Buffer
	if err := r.Logs(ctx, s, &out, &out, LogOptions{Tail: fmt.Sprint(lastLines)}); err != nil || out.Len() == 0 {
		return ""
	}
	text := strings.TrimRight(out.String(), "\n")
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// LogOptions choose what of a server's output is copied.
type LogOptions struct {
	Follow bool
	Tail   string // a number of lines, or "all"
}

// Logs copies a server's output to the writers.
func (r *Runner) Logs(ctx context.Context, s Server, stdout, stderr io.Writer, options LogOptions) error {
	body, err := r.Docker.ContainerLogs(ctx, s.ID, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: options.Follow, Tail: options.Tail,
	})
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = stdcopy.StdCopy(stdout, stderr, body)
	return err
}
