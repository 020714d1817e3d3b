package launch

import (
	"context"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// fixPermissions makes files writable that a plan's servers cannot write to, after
// asking, and reports whether there were any.
func (l *Launcher) fixPermissions(ctx context.Context, r plan.Request) (fixed bool, err error) {
	p, err := l.Decide(ctx, r)
	if err != nil {
		return false, err
	}
	for _, c := range p.Containers {
		if err := run.MakeDirectories(c); err != nil {
			return fixed, err
		}
		any, err := l.Servers.FixPermissions(ctx, c)
		if err != nil {
			return fixed, err
		}
		fixed = fixed || any
	}
	return fixed, nil
}

// FixPermissions makes starting a server change the owner of files that it cannot
// write to, after asking, unless yes agrees in advance.
func (l *Launcher) FixPermissions(yes bool) {
	l.Servers.ConfirmOwnerChange = func(ctx context.Context, problem string) error {
		l.UI.Warn("%s", problem)
		if yes {
			return nil
		}
		return l.consent(ctx, question{text: "Make the server own all files there?", loss: true,
			unasked: "--fix-permissions makes the server own all files there", agreeing: "agree with --yes",
			declined: "changing the owner was declined", instead: "use another directory: --data DIR"})
	}
}
