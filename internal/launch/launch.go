// Package launch is what the program does, whoever asks for it: it finds, starts
// and adopts servers, pulls images, mends files, processes photos. It knows
// neither flags nor screens: it speaks through a UI, and asks through an Asker.
package launch

import (
	"context"
	"os/exec"
	"runtime"

	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/remains"
	"github.com/djok/facecraft/internal/run"
)

// UI is where people are told what happens. *term.UI is one.
type UI interface {
	Headline(format string, args ...any)
	Table(rows [][2]string)
	Say(format string, args ...any)
	Warn(format string, args ...any)
	Done(format string, args ...any)
	// Progress is the one line that is rewritten; Clear takes it away.
	Progress(format string, args ...any)
	ProgressBar(done, total int64, format string, args ...any)
	Clear()
}

// Settings are what a Launcher is told of its caller.
type Settings struct {
	UI      UI
	Asker   Asker
	Getenv  func(string) string
	Version string // of this program
	// Instance limits what is seen and touched, as plan.Container.Instance.
	Instance string
	// Caller is whose the server's files are to be.
	Caller plan.Fact[plan.User]
	// Secrets are the values of plan.Request.Secrets, by name.
	Secrets map[string]string
	// Report is told how pulls and starts get on.
	Report func(progress.Event)
	// Unfinished takes note of what would be left behind if this process ended at
	// once; nil takes none.
	Unfinished *remains.List
}

// Launcher does all that with one daemon.
type Launcher struct {
	Settings
	Engine  *engine.Engine // nil where no daemon was reached, and so are the following
	Servers *run.Runner
	Images  *images.Store
	Helpers *helper.Containers
	// freeDisk is how many bytes are free where the daemon keeps its images.
	freeDisk func(context.Context) (int64, error)
	// processors are the servers that photos are given to, by their URL; behind a
	// gateway there are several.
	processors map[string][]run.Server
}

// Connect reaches the daemon. The caller closes the launcher. The error says the
// one thing that is wrong.
func Connect(ctx context.Context, s Settings) (*Launcher, error) {
	docker, err := engine.Connect(ctx, engine.Env{Getenv: s.Getenv, LookPath: exec.LookPath, OS: runtime.GOOS,
		Install: plan.Host{Distro: detect.Distribution("/")}.InstallDocker(),
		Warn:    func(note string) { s.UI.Warn("%s", note) }})
	if err != nil {
		return nil, err
	}
	store := &images.Store{Docker: docker, Helper: helper.New, Instance: s.Instance}
	helpers := &helper.Containers{Docker: docker, Instance: s.Instance, Image: store.EnsureLite, Unfinished: s.Unfinished}
	servers := &run.Runner{Docker: docker, Helpers: helpers, Instance: s.Instance, Version: s.Version,
		Remote: !docker.Endpoint.Local(), Report: s.Report, Unfinished: s.Unfinished}
	return &Launcher{Settings: s, Engine: docker, Servers: servers, Images: store, Helpers: helpers,
		freeDisk: helpers.FreeDisk}, nil
}

// Close ends the connection to the daemon, if there is one.
func (l *Launcher) Close() {
	if l.Engine != nil {
		l.Engine.Close()
	}
}
