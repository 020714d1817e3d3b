package launch

import (
	"context"
	"fmt"
	"slices"

	"github.com/djok/facecraft/internal/apikey"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// count is how many servers make portraits: a gateway makes none.
func count(server run.Server, others []run.Server) int {
	if server.Gateway() {
		return len(others)
	}
	return 1 + len(others)
}

// facade is a server as clients see it: a gateway has the image of the servers
// behind it.
func facade(server run.Server, others []run.Server) run.Server {
	if !server.Gateway() || len(others) == 0 {
		return server
	}
	first := others[0]
	server.Variant, server.GPUs = first.Variant, first.GPUs
	server.Image, server.Digest, server.ImageID = first.Image, first.Digest, first.ImageID
	return server
}

// kind is the word for a container.
func kind(server run.Server) string {
	if server.Gateway() {
		return "gateway"
	}
	return server.Variant
}

// frontFirst puts a gateway before its servers.
func frontFirst(servers []run.Server) []run.Server {
	slices.SortStableFunc(servers, func(a, b run.Server) int {
		switch {
		case a.Gateway():
			return -1
		case b.Gateway():
			return 1
		}
		return 0
	})
	return servers
}

// differences are those of the first server and of the gateway.
func (l *Launcher) differences(ctx context.Context, server run.Server, others []run.Server,
	p plan.Plan) ([]string, error) {
	gateway := p.Gateway()
	switch {
	case !server.Gateway() && gateway != nil:
		return []string{"gateway: none, not " + gateway.Name}, nil
	case server.Gateway() && gateway == nil:
		return []string{"gateway: " + server.Name + ", not none"}, nil
	case gateway == nil:
		return l.Servers.Differences(ctx, server, p.First(), l.Secrets)
	case len(others) == 0:
		return []string{"servers: none behind the gateway " + server.Name}, nil
	}
	list, err := l.Servers.Differences(ctx, others[0], p.First(), l.Secrets)
	if err != nil {
		return nil, err
	}
	more, err := l.Servers.Differences(ctx, server, *gateway, l.Secrets)
	for _, difference := range more {
		list = append(list, "the gateway's "+difference)
	}
	return list, err
}

// readyBehind reports whether a server behind a gateway is ready, or why not.
func (l *Launcher) readyBehind(ctx context.Context, server, gateway run.Server) (ready bool, detail string) {
	if gateway.URL == "" {
		return false, "its gateway " + gateway.Name + " is not running"
	}
	client := l.Servers.Client(ctx, gateway)
	defer client.Close()
	states, err := client.ServersReady(ctx)
	switch {
	case err != nil:
		return false, fmt.Sprintf("the gateway does not say: %v", err)
	case !states[server.Name]:
		return false, "the gateway waits for it"
	}
	return true, ""
}

// prepareGateway loads the plan's gateway, if it has one, and finds its keys.
func (l *Launcher) prepareGateway(ctx context.Context, p plan.Plan) error {
	gateway := p.Gateway()
	if gateway == nil {
		return nil
	}
	if _, err := l.Images.EnsureBuiltIn(ctx, gateway.Image, l.Report); err != nil {
		return err
	}
	if gateway.KeyFile == "" || l.Secrets[plan.APIKeyVariable] != "" {
		return nil
	}
	store, err := apikey.DefaultStore()
	if err != nil {
		return noPlaceForKey(err)
	}
	keys, err := store.Ensure(l.Instance)
	if err != nil {
		return noPlaceForKey(err)
	}
	l.Secrets[plan.APIKeyVariable] = keys
	l.UI.Say("The API key is in %s", store.Path(l.Instance))
	return nil
}

func noPlaceForKey(err error) error {
	return fault.Wrap(fault.Failed, err, "name a file that holds one: --api-key-file FILE", "cannot keep an API key")
}

// renewKeys gives a running gateway the keys from the request, if they differ.
func (l *Launcher) renewKeys(ctx context.Context, server run.Server) error {
	keys := l.Secrets[plan.APIKeyVariable]
	if !server.Gateway() || keys == "" {
		return nil
	}
	renewed, err := l.Servers.RenewKeys(ctx, server, keys)
	if renewed && err == nil {
		l.UI.Done("The gateway %s accepts the new API keys", server.Name)
	}
	return err
}

// forgetKey deletes the API key that was generated for the instance.
func (l *Launcher) forgetKey() error {
	store, err := apikey.DefaultStore()
	if err != nil {
		return nil // then no key was stored
	}
	removed, err := store.Remove(l.Instance)
	if removed {
		l.UI.Done("Removed %s", store.Path(l.Instance))
	}
	if err != nil {
		return fmt.Errorf("remove the API key: %w", err)
	}
	return nil
}
