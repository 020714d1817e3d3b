package launch

import (
	"context"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// admit returns the replicas of a running server. It refuses one that differs
// from what was explicitly asked for.
func (l *Launcher) admit(ctx context.Context, server run.Server, r ServerRequest) ([]run.Server, error) {
	replace := "replace it: facecraft up --recreate with the same flags"
	if server.Unmanaged {
		replace = "stop it: docker stop " + server.Name + ", or start another beside it with --port"
	}
	others, err := l.beside(ctx, server)
	if err != nil {
		return nil, err
	}
	if difference := run.Unfit(facade(server, others), r.Request); difference != "" {
		return nil, fault.New(fault.Failed, "use it as it is, or "+replace, "a server is already running at %s, but %s",
			server.URL, difference)
	}
	if server.Unmanaged && run.NeedsComparison(r.Request) {
		return nil, fault.New(fault.Failed, "drop the flags that configure a container, or "+replace,
			"a server is already running at %s, in the container %s, which facecraft does not manage", server.URL, server.Name)
	}
	if r.Compare && !server.Unmanaged {
		if err := l.warnOfDead(ctx); err != nil {
			return nil, err
		}
	}
	if difference := run.UnfitReplicas(count(server, others), r.Request); difference != "" {
		return nil, fault.New(fault.Failed, "use the running servers, or "+replace, "%s", difference)
	}
	return others, nil
}

// compare tells how a running server differs from the one that would be started
// now. If something was asked for explicitly, a difference is an error. Choices
// that the user left open do not change.
func (l *Launcher) compare(ctx context.Context, server run.Server, others []run.Server, r plan.Request) error {
	explicit := run.NeedsComparison(r)
	if r.Image == "" {
		r.Tag = server.Variant
	}
	r.Port, r.Replicas = server.Port, count(server, others)
	if guarded := server.Gateway(); r.Gateway == nil {
		r.Gateway = &guarded
	}
	p, err := l.Decide(ctx, r)
	switch {
	case fault.CodeOf(err) == fault.Usage:
		return err
	case err != nil:
		return nil // it could not be started now, but it is running
	}
	differences, err := l.differences(ctx, server, others, p)
	switch {
	case err != nil:
		return err
	case len(differences) == 0:
		return nil
	case explicit:
		return fault.New(fault.Failed, "replace it: facecraft up --recreate with the same flags",
			"a server is already running at %s, but it differs:\n  %s", server.URL, strings.Join(differences, "\n  "))
	}
	l.UI.Say("The running server differs from what up would start now; replace it with facecraft up --recreate:")
	for _, difference := range differences {
		l.UI.Say("  %s", difference)
	}
	return nil
}
