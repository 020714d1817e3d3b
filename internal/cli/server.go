package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// serverRequest is how `up` and `process` ask for a server.
type serverRequest struct {
	plan.Request
	Timeout  time.Duration
	Recreate bool
}

// found is a server that is ready, and how it came about.
type found struct {
	run.Server
	Others []run.Server // beside it, in an instance of several
	Plan   *plan.Plan   // nil when the server ran already
	Ready  time.Duration
}

// server finds the running server or starts one, and returns when it is
// ready. After an interruption a server that was started here is gone.
func (s *session) server(ctx context.Context, r serverRequest) (found, error) {
	if !r.Recreate {
		running, err := s.running(ctx)
		if err != nil {
			return found{}, err
		}
		if len(running) > 0 {
			return s.adopt(ctx, running, r)
		}
	}
	return s.start(ctx, r)
}

// running are the servers that run now. One that publishes no port cannot be
// used.
func (s *session) running(ctx context.Context) ([]run.Server, error) {
	servers, err := s.Servers(ctx)
	return slices.DeleteFunc(servers, func(server run.Server) bool {
		return !server.Running() || server.URL == ""
	}), err
}

// adopt uses the servers that run already, unless they are others than was
// explicitly asked for.
func (s *session) adopt(ctx context.Context, servers []run.Server, r serverRequest) (found, error) {
	server := servers[0]
	difference := r.DiffersInNumber(len(servers))
	if difference == "" {
		difference = r.Differs(server.Variant, server.Image, server.Port)
	}
	if difference != "" {
		return found{}, fault.New(fault.Failed, "use it as it is, or replace it: facecraft up --recreate with the same flags",
			"a server runs already at %s, but %s", server.URL, difference)
	}
	catalogue, err := catalog.Load()
	if err != nil {
		return found{}, err
	}
	variant, _ := catalogue.Variant(server.Variant) // zero where another version knew more
	begin := time.Now()
	if err := s.waitAll(ctx, servers, variant.StartSeconds, r.Timeout); err != nil {
		return found{}, err
	}
	return found{Server: server, Others: servers[1:], Ready: time.Since(begin)}, nil
}

// waitAll returns when every server is ready. All load at the same time.
func (s *session) waitAll(ctx context.Context, servers []run.Server, usualSeconds int, timeout time.Duration) error {
	for _, server := range servers {
		if err := s.WaitReady(ctx, server, time.Duration(usualSeconds)*time.Second, timeout); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) start(ctx context.Context, r serverRequest) (found, error) {
	if !s.engine.Endpoint.Local() {
		return found{}, fault.New(fault.Unrunnable, "run facecraft on that machine",
			"the Docker daemon %s is on another machine, and the server would be reachable only there", s.engine.Endpoint.Host)
	}
	p, err := s.decide(ctx, r.Request)
	if err != nil {
		return found{}, err
	}
	s.app.announce(p)
	fetched, err := s.EnsureImage(ctx, p.Image)
	if err != nil {
		return found{}, err
	}
	if fetched {
		s.app.ui.Done("image %s is here", p.Image.Reference)
	}
	if r.Recreate {
		if err := s.stopAll(ctx); err != nil {
			return found{}, err
		}
	}
	servers, created, err := s.startAll(ctx, p)
	if err != nil {
		return found{}, err
	}
	begin := time.Now()
	err = s.waitAll(ctx, servers, p.StartSeconds, r.Timeout)
	if errors.Is(err, context.Canceled) {
		s.discardAll(created)
	}
	return found{Server: servers[0], Others: servers[1:], Plan: &p, Ready: time.Since(begin)}, err
}

// startAll starts all the containers of a plan; created are those that no
// other call was faster to start. After a failure none of them is left.
func (s *session) startAll(ctx context.Context, p plan.Plan) (servers, created []run.Server, err error) {
	for _, each := range p.Containers() {
		server, mine, err := s.Start(ctx, each)
		if err != nil {
			s.discardAll(created)
			return nil, nil, err
		}
		servers = append(servers, server)
		if mine {
			created = append(created, server)
		}
	}
	return servers, created, nil
}

func (s *session) discardAll(servers []run.Server) {
	for _, server := range servers {
		s.Discard(server)
	}
}

// announce says what was chosen and why, before anything is done.
func (a *app) announce(p plan.Plan) {
	a.ui.Headline("%s: %s", p.Variant, p.Image.Reference)
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
	return nil
}
