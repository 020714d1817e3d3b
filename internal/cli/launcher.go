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
		a.ui.ProgressBar(e.Done, e.Total, "unpacking %s", e.Subject)
	case progress.Retrying:
		a.ui.Warn("%s; trying again in %s", e.Subject, e.Left)
	case progress.Kept:
		a.ui.Say("%s of it are kept for the next try; docker rmi %s gives them up", format.Size(e.Done), e.Subject)
	case progress.Cached:
		a.ui.Say("%s of it are kept in %s\nthe same command continues there; facecraft pull --forget deletes it", format.Size(e.Done), e.Subject)
	case progress.Busy:
		a.ui.Say("waiting for another facecraft that is downloading")
	case progress.Loading:
		a.ui.Progress("loading %s", e.Subject)
	case progress.Starting:
		a.ui.Progress("starting the container %s", e.Subject)
	case progress.Unproven:
		a.ui.Warn("whether the server can write to its files is not known: %s", e.Subject)
	case progress.Died:
		a.ui.Warn("%s\nit is started again", e.Subject)
	case progress.Waiting:
		usually := ""
		if e.Total > 0 {
			usually = fmt.Sprintf(", usually about %d", e.Total)
		}
		a.ui.Progress("%d s%s: %s", e.Done, usually, waitingFor(e.Subject))
	}
}

// waitingFor is what the server does, as far as its log tells.
func waitingFor(line string) string {
	if line == "" {
		return "waiting until the server is ready"
	}
	return line
}

// downloading describes a pull in as many words as are known.
func downloading(e progress.Event) string {
	text := "downloading " + e.Subject
	if e.Total > 0 {
		text = fmt.Sprintf("downloading %s of %s", format.Size(e.Done), format.Size(e.Total))
	}
	if e.Rate > 0 {
		text += fmt.Sprintf(", %s/s", format.Size(e.Rate))
	}
	if e.Connections > 0 {
		text += fmt.Sprintf(" by %d", e.Connections)
	}
	if e.Left > 0 {
		text += fmt.Sprintf(", %s left", format.Duration(e.Left))
	}
	if e.Unpacked > 0 {
		text += fmt.Sprintf(", %s unpacked", format.Size(e.Unpacked))
	}
	return text
}
