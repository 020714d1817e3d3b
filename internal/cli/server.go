package cli

import (
	"context"
	"errors"
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
	Fetch    fetching
}

// found is a server that is ready, and how it came about.
type found struct {
	run.Server
	Plan  *plan.Plan // nil when the server ran already
	Ready time.Duration
}

// server finds the running server or starts one, and returns when it is
// ready. After an interruption a server that was started here is gone.
func (s *session) server(ctx context.Context, r serverRequest) (found, error) {
	if !r.Recreate {
		running, err := s.running(ctx)
		if err != nil {
			return found{}, err
		}
		if running != nil {
			return s.adopt(ctx, *running, r)
		}
	}
	return s.start(ctx, r)
}

// running is the server that runs now, or nil.
func (s *session) running(ctx context.Context) (*run.Server, error) {
	servers, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	// Running ones come first. One that publishes no port cannot be used.
	if len(servers) > 0 && servers[0].Running() && servers[0].URL != "" {
		return &servers[0], nil
	}
	return nil, nil
}

// adopt uses a server that runs already, unless it is another than was
// explicitly asked for.
func (s *session) adopt(ctx context.Context, server run.Server, r serverRequest) (found, error) {
	if difference := r.Differs(server.Variant, server.Image, server.Port); difference != "" {
		return found{}, fault.New(fault.Failed, "use it as it is, or replace it: facecraft up --recreate with the same flags",
			"a server runs already at %s, but %s", server.URL, difference)
	}
	catalogue, err := catalog.Load()
	if err != nil {
		return found{}, err
	}
	variant, _ := catalogue.Variant(server.Variant) // zero where another version knew more
	begin := time.Now()
	if err := s.WaitReady(ctx, server, time.Duration(variant.StartSeconds)*time.Second, r.Timeout); err != nil {
		return found{}, err
	}
	return found{Server: server, Ready: time.Since(begin)}, nil
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
	fetched, err := s.ensureImage(ctx, &p, r.Fetch)
	if err != nil {
		return found{}, err
	}
	if fetched {
		s.app.ui.Done("image %s is here", p.Image.Pinned())
	}
	if r.Recreate {
		if err := s.stopAll(ctx); err != nil {
			return found{}, err
		}
	}
	server, created, err := s.Start(ctx, p)
	if err != nil {
		return found{}, err
	}
	begin := time.Now()
	err = s.WaitReady(ctx, server, time.Duration(p.StartSeconds)*time.Second, r.Timeout)
	if created && errors.Is(err, context.Canceled) {
		s.Discard(server)
	}
	return found{Server: server, Plan: &p, Ready: time.Since(begin)}, err
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
