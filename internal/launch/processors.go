package launch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/run"
)

// Processors are the servers on this machine: those that are running, or one that
// is started. They can be revived as long as the launcher is open.
func (l *Launcher) Processors(ctx context.Context, r ServerRequest) ([]*batch.Server, error) {
	first, err := l.Server(ctx, r)
	if err != nil {
		return nil, err
	}
	if first.Plan != nil {
		l.UI.Done("facecraft (%s) is ready at %s; facecraft down stops it", first.Variant, first.URL)
	}
	replicas := []run.Server{first.Server}
	if !first.Unmanaged {
		if replicas, err = l.Replicas(ctx, r); err != nil {
			return nil, err
		}
	}
	var servers []*batch.Server
	l.processors = map[string][]run.Server{}
	for _, replica := range replicas {
		l.processors[replica.URL] = []run.Server{replica}
		if replica.Gateway() {
			if l.processors[replica.URL], err = l.beside(ctx, replica); err != nil {
				return nil, err
			}
		}
		servers = append(servers, &batch.Server{URL: replica.URL, ImageID: replica.ImageID, Local: true,
			Token: l.Servers.Key(ctx, replica), Revive: l.reviver(replica, r.Timeout)})
	}
	return servers, nil
}

// reviver brings a server back: it waits for one that was restarted, starts one
// that was stopped through Docker once more, and one that died as often as again
// allows.
func (l *Launcher) reviver(server run.Server, timeout time.Duration) func(context.Context, bool) (bool, error) {
	ended := false
	return func(ctx context.Context, again bool) (byOrder bool, err error) {
		revival, err := l.Servers.Revive(ctx, server, timeout, func(byOrder bool) bool {
			if byOrder {
				return !ended
			}
			return again
		})
		ended = ended || revival.Started && revival.ByOrder
		return revival.ByOrder, err
	}
}

// Replicas are the running servers that may be used: those that fit what was
// explicitly asked for.
func (l *Launcher) Replicas(ctx context.Context, r ServerRequest) ([]run.Server, error) {
	servers, err := l.Servers.List(ctx)
	if err == nil && len(servers) > 0 && servers[0].Gateway() {
		behind, err := l.beside(ctx, servers[0])
		if err != nil {
			return nil, err
		}
		servers[0] = facade(servers[0], behind)
	}
	return slices.DeleteFunc(servers, func(server run.Server) bool {
		wish := r.Request
		if server.Replica > 1 {
			wish.Port = 0 // the one asked for is the first server's
		}
		return !server.Running() || server.URL == "" || run.Unfit(server, wish) != ""
	}), err
}

// SwapsRedAndBlue reports whether a server's version does that. The built-in
// engine has its own versions.
func SwapsRedAndBlue(s api.Status) bool {
	catalogue, err := catalogue.Load()
	return err == nil && catalogue.SwapsRedAndBlue(s.Version) && s.Claims("background_remover") && !s.BuiltIn()
}

// lanes is how many servers an address has at most: several behind a gateway.
func (l *Launcher) lanes() int {
	most := 1
	for _, servers := range l.processors {
		most = max(most, len(servers))
	}
	return most
}

// Explained adds to a server's failure with a photo what its log says about it:
// the answer is usually just "Internal Server Error".
func (l *Launcher) Explained(ctx context.Context, r batch.Result) batch.Result {
	var failed *api.Failed
	if r.Outcome != batch.Failed || !errors.As(r.Err, &failed) || failed.Status < http.StatusInternalServerError {
		return r
	}
	for _, server := range l.processors[r.Server] { // none elsewhere, where logs cannot be read
		if line := l.Servers.RequestError(ctx, server, time.Now().Add(-r.Took-time.Second)); line != "" {
			r.Err = fmt.Errorf("%w; its log says: %s", r.Err, line)
			break
		}
	}
	return r
}
