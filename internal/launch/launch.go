// Package launch does the program's work for any front end: it finds, starts and
// adopts servers, pulls images, fixes files and processes photos. It knows neither
// flags nor screens: it reports through a UI, and asks through an Asker.
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

// UI tells people what happens. *term.UI is one.
type UI interface {
	Headline(format string, args ...any)
	Table(rows [][2]string)
	Say(format string, args ...any)
	Warn(format string, args ...any)
	Done(format string, args ...any)
	// Progress rewrites a single line; Clear removes it.
	Progress(format string, args ...any)
	ProgressBar(done, total int64, format string, args ...any)
	Clear()
}

// Settings are what a Launcher needs from its caller.
type Settings struct {
	UI      UI
	Asker   Asker
	Getenv  func(string) string
	Version string // of this program
	// Instance limits what is seen and changed, as plan.Container.Instance does.
	Instance string
	// Caller is the user who will own the server's files.
	Caller plan.Fact[plan.User]
	// Secrets are the values of plan.Request.Secrets, by name.
	Secrets map[string]string
	// Report receives the progress of pulls and starts.
	Report func(progress.Event)
	// Unfinished records what would be left behind if this process ended now; nil
	// records nothing.
	Unfinished *remains.List
}

// Launcher does the package's work with one daemon.
type Launcher struct {
	Settings
	Engine  *engine.Engine // nil if no daemon was reached, and so are the fields below
	Servers *run.Runner
	Images  *images.Store
	Helpers *helper.Containers
	// freeDisk is how many bytes are free where the daemon keeps its images.
	freeDisk func(context.Context) (int64, error)
	// processors are the servers that process photos, by their URL; behind a gateway
	// there are several.
	processors map[string][]run.Server
}

// Connect connects to the daemon. The caller closes the launcher. The error names
// a single cause.
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
