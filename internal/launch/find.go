package launch

import (
	"context"
	"slices"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// Reachable returns an error if servers are published on another machine.
func (l *Launcher) Reachable() error {
	if l.Servers.Remote {
		return fault.New(fault.Unrunnable, "run facecraft on that machine",
			"the Docker daemon %s is on another machine, and its servers can only be reached there", l.Engine.Endpoint.Host)
	}
	return nil
}

// Running is the running server, or nil: on the given port unless that is 0, and
// preferably one that this program started.
func (l *Launcher) Running(ctx context.Context, port int) (*run.Server, error) {
	servers, err := l.Servers.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		if err := paused(server); err != nil {
			return nil, err
		}
	}
	for _, server := range servers {
		if server.Behind != "" && server.Running() && servers[0].Behind != "" {
			return nil, fault.New(fault.Failed, "docker start "+server.Behind+", or facecraft up --recreate with the same flags",
				"the gateway %s is not running, and its servers cannot be reached without it", server.Behind)
		}
	}
	if len(servers) > 0 && servers[0].Abandoned {
		servers = nil
	}
	// Running ones come first. One that publishes no port cannot be used.
	if len(servers) > 0 && servers[0].Running() && servers[0].URL != "" && (port == 0 || port == servers[0].Port) {
		return &servers[0], nil
	}
	others, err := l.Unmanaged(ctx)
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

// paused returns an error if a server is paused.
func paused(server run.Server) error {
	if !server.Paused() {
		return nil
	}
	return fault.New(fault.Failed, "docker unpause "+server.Name, "the server %s is paused", server.Name)
}

// Unmanaged are the servers that Compose or a person started, with the variant
// that their image's tag names.
func (l *Launcher) Unmanaged(ctx context.Context) ([]run.Server, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	others, err := l.Servers.Unmanaged(ctx, catalogue.Repository)
	for i := range others {
		if others[i].Variant = catalogue.VariantOf(others[i].Image); helper.IsReference(plan.ShortName(others[i].Image)) {
			others[i].Variant = plan.Lite
		}
	}
	return others, err
}

// All are this program's servers, then unmanaged ones.
func (l *Launcher) All(ctx context.Context) ([]run.Server, error) {
	servers, err := l.Servers.List(ctx)
	if err != nil {
		return nil, err
	}
	others, err := l.Unmanaged(ctx)
	return append(servers, others...), err
}

// beside are the other running servers of a server's instance. Those of a gateway
// are behind it.
func (l *Launcher) beside(ctx context.Context, server run.Server) ([]run.Server, error) {
	if server.Unmanaged {
		return nil, nil
	}
	servers, err := l.Servers.List(ctx)
	return slices.DeleteFunc(servers, func(other run.Server) bool {
		return other.ID == server.ID || !other.Running() || other.URL == "" && other.Behind != server.Name
	}), err
}

// warnOfDead names the servers that are not used because they ended.
func (l *Launcher) warnOfDead(ctx context.Context) error {
	servers, err := l.Servers.List(ctx)
	for _, server := range servers {
		if server.Died() {
			l.UI.Warn("%s is not running; docker start %s starts it again unchanged", server.Name, server.Name)
		}
	}
	return err
}
