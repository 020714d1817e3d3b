package cli

import (
	"cmp"
	"context"

	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progressview"
)

// launcher returns the settings for a launcher.
func (a *app) launcher() launch.Settings {
	return launch.Settings{UI: a.ui, Asker: asker{a}, Getenv: a.Getenv, Version: a.Version, Instance: a.instance(),
		Caller: a.caller(), Secrets: a.secrets, Report: progressview.Screen{UI: a.ui}.Show, Unfinished: a.unfinished}
}

// connect reaches the daemon. The caller closes the launcher.
func (a *app) connect(ctx context.Context) (*launch.Launcher, error) {
	return launch.Connect(ctx, a.launcher())
}

// connectIfPossible is for commands that only describe: without a daemon they
// work with what they can find out.
func (a *app) connectIfPossible(ctx context.Context) (*launch.Launcher, error) {
	l, err := a.connect(ctx)
	if err != nil && ctx.Err() == nil {
		a.ui.Warn("%v", err)
		return &launch.Launcher{Settings: a.launcher()}, nil
	}
	return l, err
}

// instance is the name under which this program's containers are known. Tests
// and second servers use a different one.
func (a *app) instance() string {
	return cmp.Or(a.Getenv("FACECRAFT_INSTANCE"), plan.DefaultInstance)
}
