package launch

import (
	"context"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// admit finds the servers beside one that runs already, and refuses what is
// another than was explicitly asked for.
func (l *Launcher) admit(ctx context.Context, server run.Server, r ServerRequest) ([]run.Server, error) {
	replace := "replace it: facecraft up --recreate with the same flags"
	if server.Unmanaged {
		replace = "stop it: docker stop " + server.Name + ", or start another beside it with --port"
	}
	if difference := r.Differs(server.Variant, server.Image, server.GPUs, server.Port); difference != "" {
		return nil, fault.New(fault.Failed, "use it as it is, or "+replace, "a server runs already at %s, but %s", server.URL, difference)
	}
	if server.Unmanaged && r.ShapesContainer() {
		return nil, fault.New(fault.Failed, "leave the flags for its container out, or "+replace,
			"a server runs already at %s, in the container %s, whose settings are not facecraft's", server.URL, server.Name)
	}
	if r.Compare && !server.Unmanaged {
		if err := l.warnOfDead(ctx); err != nil {
			return nil, err
		}
	}
	others, err := l.beside(ctx, server)
	if err != nil {
		return nil, err
	}
	if difference := r.DiffersInNumber(1 + len(others)); difference != "" {
		return nil, fault.New(fault.Failed, "use what there is, or "+replace, "%s", difference)
	}
	return others, nil
}

// compare tells in what a running server is another than would be started
// now. What was asked for explicitly is then refused, never degraded. Choices
// that are left open stay as they were made.
func (l *Launcher) compare(ctx context.Context, server run.Server, r plan.Request) error {
	explicit := r.ShapesContainer()
	if r.Image == "" {
		r.Tag = server.Variant
	}
	r.Port = server.Port
	p, err := l.Decide(ctx, r)
	switch {
	case fault.CodeOf(err) == fault.Usage:
		return err
	case err != nil:
		return nil // it could not be started now, but it runs
	}
	differences, err := l.Servers.Differences(ctx, server, p.First(), l.Secrets)
	switch {
	case err != nil:
		return err
	case len(differences) == 0:
		return nil
	case explicit:
		return fault.New(fault.Failed, "replace it: facecraft up --recreate with the same flags",
			"a server runs already at %s, but it differs:\n  %s", server.URL, strings.Join(differences, "\n  "))
	}
	l.UI.Say("the server differs from what would be started now; facecraft up --recreate replaces it:")
	for _, difference := range differences {
		l.UI.Say("  %s", difference)
	}
	return nil
}
