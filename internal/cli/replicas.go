package cli

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// beside are the running servers that belong to the same instance as one of
// this program's.
func (s *session) beside(ctx context.Context, server run.Server) ([]run.Server, error) {
	if server.Other {
		return nil, nil
	}
	servers, err := s.Servers(ctx)
	return slices.DeleteFunc(servers, func(other run.Server) bool {
		return other.ID == server.ID || !other.Running() || other.URL == ""
	}), err
}

// warnOfDead names the servers that are not among those that are used.
func (s *session) warnOfDead(ctx context.Context) error {
	servers, err := s.Servers(ctx)
	for _, server := range servers {
		if server.Died() {
			s.app.ui.Warn("%s does not run; docker start %s starts it again as it was", server.Name, server.Name)
		}
	}
	return err
}

// startAll starts the containers of a plan; created are those that no other
// call was faster to start. After a failure none of them is left, and port is
// the one of the container that failed.
func (s *session) startAll(ctx context.Context, p plan.Plan) (servers, created []run.Server, port int, err error) {
	usual := time.Duration(p.Needs.StartSeconds) * time.Second
	for _, c := range p.Containers {
		server, mine, err := s.startOne(ctx, c, usual)
		if err != nil {
			s.discardAll(created)
			return nil, nil, c.Publish.Port, err
		}
		servers = append(servers, server)
		if mine {
			created = append(created, server)
		}
	}
	return servers, created, 0, nil
}

func (s *session) startOne(ctx context.Context, c plan.Container, usual time.Duration) (server run.Server, created bool, err error) {
	if err := run.MakeDirectories(c); err != nil {
		return run.Server{}, false, err
	}
	return s.Start(ctx, c, usual, s.app.secrets)
}

// settle says that servers that were just started stay.
func settle(servers []run.Server) {
	for _, server := range servers {
		server.Settled()
	}
}

func (s *session) discardAll(servers []run.Server) {
	for _, server := range servers {
		s.Discard(server)
	}
}

// waitAll returns when every server is ready, or one of them has failed. All
// load at the same time.
func (s *session) waitAll(ctx context.Context, servers []run.Server, usualSeconds int, timeout time.Duration) error {
	waiting, ctx := errgroup.WithContext(ctx)
	for _, server := range servers {
		waiting.Go(func() error {
			return s.WaitReady(ctx, server, time.Duration(usualSeconds)*time.Second, timeout)
		})
	}
	return waiting.Wait()
}
