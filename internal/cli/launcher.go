package cli

import (
	"context"
	"fmt"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// launcher are the settings of what the commands do.
func (a *app) launcher() launch.Settings {
	return launch.Settings{UI: a.ui, Asker: asker{a}, Getenv: a.Getenv, Version: a.Version, Instance: a.instance(),
		Caller: a.caller(), Secrets: a.secrets, Report: a.report, Unfinished: a.unfinished}
}

// connect reaches the daemon. The caller closes the launcher.
func (a *app) connect(ctx context.Context) (*launch.Launcher, error) {
	return launch.Connect(ctx, a.launcher())
}

// connectIfPossible is for commands that only describe: without a daemon they
// go on with what they can see.
func (a *app) connectIfPossible(ctx context.Context) (*launch.Launcher, error) {
	l, err := a.connect(ctx)
	if err != nil && ctx.Err() == nil {
		a.ui.Warn("%v", err)
		return &launch.Launcher{Settings: a.launcher()}, nil
	}
	return l, err
}

// instance is the name under which this program's containers are known. Tests
// and second servers have one of their own.
func (a *app) instance() string {
	return a.getenvOr("FACECRAFT_INSTANCE", plan.DefaultInstance)
}

// report shows the runner's progress.
func (a *app) report(e progress.Event) {
	switch e.Stage {
	case progress.Pulling:
		a.ui.ProgressBar(e.Done, e.Total, "%s", downloading(e))
	case progress.Unpacking:
		a.ui.ProgressBar(e.Done, e.Total, "Unpacking %s", e.Subject)
	case progress.Retrying:
		a.ui.Warn("%s; retrying in %s", e.Subject, e.Left)
	case progress.Kept:
		a.ui.Say("Kept %s of it for the next try; delete it with docker rmi %s", format.Size(e.Done), e.Subject)
	case progress.Cached:
		a.ui.Say("Kept %s in %s\nRun the same command to continue, or delete it with facecraft pull --forget",
			format.Size(e.Done), e.Subject)
	case progress.Busy:
		a.ui.Say("Waiting for another facecraft to finish downloading")
	case progress.Loading:
		a.ui.Progress("Loading %s", e.Subject)
	case progress.Starting:
		a.ui.Progress("Starting container %s", e.Subject)
	case progress.Unproven:
		a.ui.Warn("cannot tell whether the server can write to its files: %s", e.Subject)
	case progress.Died:
		a.ui.Warn("%s\nrestarting it", e.Subject)
	case progress.Waiting:
		usually := ""
		if e.Total > 0 {
			usually = fmt.Sprintf(", usually about %d s", e.Total)
		}
		a.ui.Progress("%d s%s: %s", e.Done, usually, waitingFor(e.Subject))
	}
}

// waitingFor is what the server does, as far as its log tells.
func waitingFor(line string) string {
	if line == "" {
		return "waiting for the server"
	}
	return line
}

// downloading describes what is known about a pull, in a line that a terminal
// of 80 columns has room for beside a short bar.
func downloading(e progress.Event) string {
	text := "Pulling " + e.Subject
	if e.Total > 0 {
		text = fmt.Sprintf("%s of %s", format.Size(e.Done), format.Size(e.Total))
	}
	if e.Rate > 0 {
		text += fmt.Sprintf(", %s/s", format.Size(e.Rate))
	}
	if e.Connections > 0 {
		text += ", " + format.Count(e.Connections, "conn", "conns")
	}
	if e.Left > 0 {
		text += fmt.Sprintf(", %s left", format.Duration(e.Left))
	}
	if e.Unpacked > 0 {
		text += fmt.Sprintf(", %s unpacked", format.Size(e.Unpacked))
	}
	return text
}
