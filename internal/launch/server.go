package launch

import (
	"context"
	"slices"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// ServerRequest is how `up` and `process` ask for a server.
type ServerRequest struct {
	plan.Request
	Timeout  time.Duration
	Recreate bool
	Fetch    Fetching
	// Compare tells how a running server differs from the one that would be started
	// now, even if nothing was asked for explicitly.
	Compare bool
}

// Outcome is a ready server, and how it came about.
type Outcome struct {
	Status
	Replicas []run.Server // beside it, in an instance of several
	Plan     *plan.Plan   // nil if the server was already running
	Took     time.Duration
}

// Server finds the running server or starts one, and returns when it is ready.
// After an interruption, a server that it started is removed.
func (l *Launcher) Server(ctx context.Context, r ServerRequest) (Outcome, error) {
	if err := l.Reachable(); err != nil {
		return Outcome{}, err
	}
	if l.Servers.ConfirmOwnerChange != nil {
		fixed, err := l.fixPermissions(ctx, r.Request)
		if err != nil {
			return Outcome{}, err
		}
		r.Recreate = r.Recreate || fixed
	}
	if !r.Recreate {
		running, err := l.Running(ctx, r.Port)
		if err != nil {
			return Outcome{}, err
		}
		if running != nil {
			return l.adopt(ctx, *running, r)
		}
	}
	return l.start(ctx, r)
}

// adopt uses a running server, unless it differs from what was explicitly asked
// for.
func (l *Launcher) adopt(ctx context.Context, server run.Server, r ServerRequest) (Outcome, error) {
	others, err := l.admit(ctx, server, r)
	if err != nil {
		return Outcome{}, err
	}
	catalogue, err := catalogue.Load()
	if err != nil {
		return Outcome{}, err
	}
	variant, _ := catalogue.Variant(server.Variant) // zero if the variant is another version's
	begin := time.Now()
	if err := l.waitAll(ctx, append([]run.Server{server}, others...), variant.StartSeconds, r.Timeout); err != nil {
		return Outcome{}, err
	}
	if !server.Unmanaged && (r.Compare || run.NeedsComparison(r.Request)) {
		if err := l.compare(ctx, server, others, r.Request); err != nil {
			return Outcome{}, err
		}
	}
	if r.Compare {
		if err := l.renewKeys(ctx, server); err != nil {
			return Outcome{}, err
		}
	}
	if r.Fetch.When == FetchAlways {
		l.UI.Warn("--pull always has no effect while a server is running; to switch to a newer image, run: facecraft up " +
			"--recreate --pull always")
	}
	return Outcome{Status: Status{Server: server, Ready: true}, Replicas: others, Took: time.Since(begin)}, nil
}

func (l *Launcher) start(ctx context.Context, r ServerRequest) (Outcome, error) {
	p, err := l.Decide(ctx, r.Request)
	if err != nil {
		return Outcome{}, err
	}
	l.Announce(p)
	fetched, err := l.EnsureImage(ctx, &p, r.Fetch)
	if err != nil {
		return Outcome{}, err
	}
	if fetched {
		l.UI.Done("Image %s is available locally", p.First().Image.Pinned())
		l.warnOfPitfalls(ctx, p.First())
	}
	if err := l.prepareGateway(ctx, p); err != nil {
		return Outcome{}, err
	}
	makeRoom := l.Servers.RemoveDead
	if r.Recreate {
		makeRoom = l.StopAll
	}
	if err := makeRoom(ctx); err != nil {
		return Outcome{}, err
	}
	servers, created, err := l.startOnFreePorts(ctx, &p, r.Request)
	if err != nil {
		return Outcome{}, err
	}
	begin := time.Now()
	err = l.waitAll(ctx, servers, p.Needs.StartSeconds, r.Timeout)
	if ctx.Err() != nil {
		l.discardAll(created)
	}
	settle(created)
	took := time.Since(begin)
	servers = frontFirst(l.now(ctx, servers))
	return Outcome{Status: Status{Server: servers[0], Ready: err == nil}, Replicas: servers[1:], Plan: &p, Took: took}, err
}

// now returns servers as the daemon currently describes them, if it does.
func (l *Launcher) now(ctx context.Context, servers []run.Server) []run.Server {
	list, _ := l.Servers.List(ctx)
	for i, server := range servers {
		if j := slices.IndexFunc(list, func(each run.Server) bool { return each.ID == server.ID }); j >= 0 {
			servers[i] = list[j]
		}
	}
	return servers
}

// Announce shows what was chosen and why, before anything is done.
func (l *Launcher) Announce(p plan.Plan) {
	l.UI.Headline("%s: %s", p.First().Variant, p.First().Image.Reference)
	var rows [][2]string
	for _, reason := range p.Reasons {
		rows = append(rows, [2]string{reason.Choice, reason.Because})
	}
	l.UI.Table(rows)
	for _, warning := range p.Warnings {
		l.UI.Warn("%s", warning)
	}
}

func (l *Launcher) StopAll(ctx context.Context) error {
	servers, err := l.Servers.List(ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		l.UI.Progress("Stopping %s", server.Name)
		if err := l.Servers.Stop(ctx, server); err != nil {
			return err
		}
		l.UI.Done("Stopped and removed %s (%s)", server.Name, kind(server))
	}
	if err := l.Servers.RemoveNetworks(ctx); err != nil {
		return err
	}
	return l.Helpers.RemoveAll(ctx)
}

// Rehearse refuses what Server would refuse.
func (l *Launcher) Rehearse(ctx context.Context, r ServerRequest) error {
	if err := l.Reachable(); err != nil || r.Recreate {
		return err
	}
	running, err := l.Running(ctx, r.Port)
	if err != nil || running == nil {
		return err
	}
	others, err := l.admit(ctx, *running, r)
	if err != nil {
		return err
	}
	if !running.Unmanaged {
		if err := l.compare(ctx, *running, others, r.Request); err != nil {
			return err
		}
	}
	l.UI.Say("A server is already running at %s and would be used. Without it:", running.URL)
	return nil
}

// Ask reads what the server has loaded, and on which device.
func (l *Launcher) Ask(ctx context.Context, o *Outcome) {
	client := l.Servers.Client(ctx, o.Server)
	defer client.Close()
	o.readAPI(ctx, client)
}
