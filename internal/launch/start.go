package launch

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// startOnFreePorts starts the plan's containers. If another program takes a port
// that the plan chose in the meantime, it tries the next one.
func (l *Launcher) startOnFreePorts(ctx context.Context, p *plan.Plan, r plan.Request) (servers,
	created []run.Server, err error) {
	var taken []int
	for {
		servers, created, port, err := l.startAll(ctx, *p)
		if r.Port != 0 || !errors.Is(err, run.ErrPortTaken) {
			return servers, created, err
		}
		taken = append(taken, port)
		next, err := l.decideWithout(ctx, r, taken)
		if err != nil {
			return nil, nil, err
		}
		if next.Gateway() == nil && len(next.Containers) > 1 {
			l.UI.Warn("port %d was taken in the meantime; using other ports", port)
		} else {
			l.UI.Warn("port %d was taken in the meantime; using port %d", port, next.Front().Publish.Port)
		}
		next.SetDigest(p.First().Image.Digest)
		*p = next
	}
}

// startAll starts the containers of a plan; created are those that this call
// created, not a faster one. After a failure none of them is left, and port is
// that of the container that failed.
func (l *Launcher) startAll(ctx context.Context, p plan.Plan) (servers, created []run.Server, port int, err error) {
	usual := time.Duration(p.Needs.StartSeconds) * time.Second
	if network := p.Front().Network; network != "" {
		if err := l.Servers.EnsureNetwork(ctx, network); err != nil {
			return nil, nil, 0, err
		}
	}
	for _, c := range p.Containers {
		server, mine, err := l.startOne(ctx, c, usual)
		if err != nil {
			l.discardAll(created)
			return nil, nil, c.Publish.Port, err
		}
		servers = append(servers, server)
		if mine {
			created = append(created, server)
		}
	}
	return servers, created, 0, nil
}

func (l *Launcher) startOne(ctx context.Context, c plan.Container, usual time.Duration) (server run.Server,
	created bool, err error) {
	if err := run.MakeDirectories(c); err != nil {
		return run.Server{}, false, err
	}
	return l.Servers.Start(ctx, c, usual, l.Secrets)
}

// settle records that servers that were just started are kept.
func settle(servers []run.Server) {
	for _, server := range servers {
		server.Settled()
	}
}

// discardAll removes servers that should not be kept, and their network. It is
// best effort: the error that led here is the one to report.
func (l *Launcher) discardAll(servers []run.Server) {
	for _, server := range servers {
		l.Servers.Discard(server)
	}
	ctx, cancel := context.WithTimeout(context.Background(), containers.CleanupTimeout)
	defer cancel()
	_ = l.Servers.RemoveNetworks(ctx)
}

// waitAll returns when every server is ready, or one of them has failed. All load
// at the same time. The gateway reports whether those behind it are ready.
func (l *Launcher) waitAll(ctx context.Context, servers []run.Server, usualSeconds int, timeout time.Duration) error {
	usual := time.Duration(usualSeconds) * time.Second
	waiting, ctx := errgroup.WithContext(ctx)
	var behind []string
	for _, server := range servers {
		if server.URL == "" {
			behind = append(behind, server.Name)
		}
	}
	guarding, ready := context.WithCancel(ctx)
	defer ready()
	for _, server := range servers {
		waiting.Go(func() error {
			if server.URL == "" {
				return l.Servers.Guard(guarding, server, usual)
			}
			if !server.Gateway() {
				return l.Servers.WaitReady(ctx, server, usual, timeout)
			}
			defer ready()
			return l.Servers.WaitGateway(ctx, server, behind, usual, timeout)
		})
	}
	return waiting.Wait()
}
