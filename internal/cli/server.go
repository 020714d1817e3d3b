package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
	"github.com/djok/facecraft/internal/run"
)

// serverRequest is how `up` and `process` ask for a server.
type serverRequest struct {
	plan.Request
	Timeout  time.Duration
	Recreate bool
	Fetch    fetching
	// Compare tells in what a running server is another than would be started
	// now, also where nobody asked for a certain one.
	Compare bool
}

// found is a server that is ready, and how it came about.
type found struct {
	serverStatus
	Others []run.Server // beside it, in an instance of several
	Plan   *plan.Plan   // nil when the server ran already
	Took   time.Duration
}

// server finds the running server or starts one, and returns when it is
// ready. After an interruption a server that was started here is gone.
func (s *session) server(ctx context.Context, r serverRequest) (found, error) {
	if err := s.reachable(); err != nil {
		return found{}, err
	}
	if s.Mend != nil {
		mended, err := s.mendFiles(ctx, r.Request)
		if err != nil {
			return found{}, err
		}
		r.Recreate = r.Recreate || mended
	}
	if !r.Recreate {
		running, err := s.running(ctx, r.Port)
		if err != nil {
			return found{}, err
		}
		if running != nil {
			return s.adopt(ctx, *running, r)
		}
	}
	return s.start(ctx, r)
}

// reachable is an error where servers are published on another machine's
// addresses.
func (s *session) reachable() error {
	if s.Remote {
		return fault.New(fault.Unrunnable, "run facecraft on that machine",
			"the Docker daemon %s is on another machine, and a server is reachable only there", s.engine.Endpoint.Host)
	}
	return nil
}

// mendFiles gives the servers of a plan the files that they cannot write to,
// after asking, and tells whether there were any.
func (s *session) mendFiles(ctx context.Context, r plan.Request) (mended bool, err error) {
	p, err := s.decide(ctx, r)
	if err != nil {
		return false, err
	}
	for _, c := range p.Containers {
		if err := run.MakeDirectories(c); err != nil {
			return mended, err
		}
		any, err := s.MendFiles(ctx, c)
		if err != nil {
			return mended, err
		}
		mended = mended || any
	}
	return mended, nil
}

// running is the server that runs now, or nil: on the port where one is named,
// and rather one of this program's than another.
func (s *session) running(ctx context.Context, port int) (*run.Server, error) {
	servers, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		if err := paused(server); err != nil {
			return nil, err
		}
	}
	// Running ones come first. One that publishes no port cannot be used.
	if len(servers) > 0 && servers[0].Running() && servers[0].URL != "" && (port == 0 || port == servers[0].Port) {
		return &servers[0], nil
	}
	others, err := s.others(ctx)
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		if port != 0 && port != other.Port {
			continue
		}
		return &other, paused(other)
	}
	if len(servers) > 0 && servers[0].Running() && servers[0].URL != "" {
		return &servers[0], nil
	}
	return nil, nil
}

// paused is an error where somebody stopped a server for a while.
func paused(server run.Server) error {
	if !server.Paused() {
		return nil
	}
	return fault.New(fault.Failed, "let it go on: docker unpause "+server.Name, "the server %s is paused", server.Name)
}

// others are the servers that Compose or a person started, with the variant
// that their image's tag names.
func (s *session) others(ctx context.Context) ([]run.Server, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	others, err := s.Others(ctx, catalogue.Repository)
	for i := range others {
		if others[i].Variant = catalogue.VariantOf(others[i].Image); helper.IsReference(plan.ShortName(others[i].Image)) {
			others[i].Variant = plan.Lite
		}
	}
	return others, err
}

// all are this program's servers, then those that others started.
func (s *session) all(ctx context.Context) ([]run.Server, error) {
	servers, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	others, err := s.others(ctx)
	return append(servers, others...), err
}

// admit finds the servers beside one that runs already, and refuses what is
// another than was explicitly asked for.
func (s *session) admit(ctx context.Context, server run.Server, r serverRequest) ([]run.Server, error) {
	replace := "replace it: facecraft up --recreate with the same flags"
	if server.Other {
		replace = "stop it: docker stop " + server.Name + ", or start another beside it with --port"
	}
	if difference := r.Differs(server.Variant, server.Image, server.GPUs, server.Port); difference != "" {
		return nil, fault.New(fault.Failed, "use it as it is, or "+replace, "a server runs already at %s, but %s", server.URL, difference)
	}
	if server.Other && r.ShapesContainer() {
		return nil, fault.New(fault.Failed, "leave the flags for its container out, or "+replace,
			"a server runs already at %s, in the container %s, whose settings are not facecraft's", server.URL, server.Name)
	}
	if r.Compare && !server.Other {
		if err := s.warnOfDead(ctx); err != nil {
			return nil, err
		}
	}
	others, err := s.beside(ctx, server)
	if err != nil {
		return nil, err
	}
	if difference := r.DiffersInNumber(1 + len(others)); difference != "" {
		return nil, fault.New(fault.Failed, "use what there is, or "+replace, "%s", difference)
	}
	return others, nil
}

// adopt uses a server that runs already, unless it is another than was
// explicitly asked for.
func (s *session) adopt(ctx context.Context, server run.Server, r serverRequest) (found, error) {
	others, err := s.admit(ctx, server, r)
	if err != nil {
		return found{}, err
	}
	catalogue, err := catalog.Load()
	if err != nil {
		return found{}, err
	}
	variant, _ := catalogue.Variant(server.Variant) // zero where another version knew more
	begin := time.Now()
	if err := s.waitAll(ctx, append([]run.Server{server}, others...), variant.StartSeconds, r.Timeout); err != nil {
		return found{}, err
	}
	r.Replicas = 1 + len(others)
	if !server.Other && (r.Compare || r.ShapesContainer()) {
		if err := s.compare(ctx, server, r.Request); err != nil {
			return found{}, err
		}
	}
	if r.Fetch.When == fetchAlways {
		s.app.ui.Warn("--pull always fetches nothing while a server is running; to switch to a newer image: facecraft up --recreate --pull always")
	}
	return found{serverStatus: serverStatus{Server: server, Ready: true}, Others: others, Took: time.Since(begin)}, nil
}

// compare tells in what a running server is another than would be started
// now. What was asked for explicitly is then refused, never degraded. Choices
// that are left open stay as they were made.
func (s *session) compare(ctx context.Context, server run.Server, r plan.Request) error {
	explicit := r.ShapesContainer()
	if r.Image == "" {
		r.Tag = server.Variant
	}
	r.Port = server.Port
	p, err := s.decide(ctx, r)
	switch {
	case fault.CodeOf(err) == fault.Usage:
		return err
	case err != nil:
		return nil // it could not be started now, but it runs
	}
	differences, err := s.Differences(ctx, server, p.First(), s.app.secrets)
	switch {
	case err != nil:
		return err
	case len(differences) == 0:
		return nil
	case explicit:
		return fault.New(fault.Failed, "replace it: facecraft up --recreate with the same flags",
			"a server runs already at %s, but it differs:\n  %s", server.URL, strings.Join(differences, "\n  "))
	}
	s.app.ui.Say("the server differs from what would be started now; facecraft up --recreate replaces it:")
	for _, difference := range differences {
		s.app.ui.Say("  %s", difference)
	}
	return nil
}

func (s *session) start(ctx context.Context, r serverRequest) (found, error) {
	p, err := s.decide(ctx, r.Request)
	if err != nil {
		return found{}, err
	}
	s.app.announce(p)
	fetched, err := s.ensureImage(ctx, &p, r.Fetch)
	if err != nil {
		return found{}, offline(err, registry.Offline+"; facecraft "+s.app.args[1]+" --lite needs neither")
	}
	if fetched {
		s.app.ui.Done("image %s is here", p.First().Image.Pinned())
	}
	makeRoom := s.RemoveDead
	if r.Recreate {
		makeRoom = s.stopAll
	}
	if err := makeRoom(ctx); err != nil {
		return found{}, err
	}
	servers, created, err := s.startOnFreePorts(ctx, &p, r.Request)
	if err != nil {
		return found{}, err
	}
	begin := time.Now()
	err = s.waitAll(ctx, servers, p.Needs.StartSeconds, r.Timeout)
	if ctx.Err() != nil {
		s.discardAll(created)
	}
	settle(created)
	took := time.Since(begin)
	servers = s.now(ctx, servers)
	return found{serverStatus: serverStatus{Server: servers[0], Ready: err == nil}, Others: servers[1:], Plan: &p, Took: took}, err
}

// now are servers as the daemon describes them now, as far as it does.
func (s *session) now(ctx context.Context, servers []run.Server) []run.Server {
	list, _ := s.Servers(ctx)
	for i, server := range servers {
		if j := slices.IndexFunc(list, func(each run.Server) bool { return each.ID == server.ID }); j >= 0 {
			servers[i] = list[j]
		}
	}
	return servers
}

// startOnFreePorts starts the plan's containers. A port that was chosen here and
// taken by another program in the meantime gives way to the next.
func (s *session) startOnFreePorts(ctx context.Context, p *plan.Plan, r plan.Request) (servers, created []run.Server, err error) {
	var taken []int
	for {
		servers, created, port, err := s.startAll(ctx, *p)
		if r.Port != 0 || !errors.Is(err, run.ErrPortTaken) {
			return servers, created, err
		}
		taken = append(taken, port)
		next, err := s.decideWithout(ctx, r, taken)
		if err != nil {
			return nil, nil, err
		}
		if len(next.Containers) > 1 {
			s.app.ui.Warn("port %d was taken in the last moment, others are used", port)
		} else {
			s.app.ui.Warn("port %d was taken in the last moment, the server is on port %d", port, next.First().Publish.Port)
		}
		next.SetDigest(p.First().Image.Digest)
		*p = next
	}
}

// announce says what was chosen and why, before anything is done.
func (a *app) announce(p plan.Plan) {
	a.ui.Headline("%s: %s", p.First().Variant, p.First().Image.Reference)
	var rows [][2]string
	for _, reason := range p.Reasons {
		rows = append(rows, [2]string{reason.Choice, reason.Because})
	}
	a.ui.Table(rows)
	for _, warning := range p.Warnings {
		a.ui.Warn("%s", warning)
	}
}

func (s *session) stopAll(ctx context.Context) error {
	servers, err := s.Servers(ctx)
	if err != nil {
		return err
	}
	for _, server := range servers {
		s.app.ui.Progress("stopping %s", server.Name)
		if err := s.Stop(ctx, server); err != nil {
			return err
		}
		s.app.ui.Done("%s (%s) is stopped and removed", server.Name, server.Variant)
	}
	return s.Helpers.RemoveAll(ctx)
}
