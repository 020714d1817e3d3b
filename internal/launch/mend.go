package launch

import (
	"context"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

// mendFiles gives the servers of a plan the files that they cannot write to,
// after asking, and tells whether there were any.
func (l *Launcher) mendFiles(ctx context.Context, r plan.Request) (mended bool, err error) {
	p, err := l.Decide(ctx, r)
	if err != nil {
		return false, err
	}
	for _, c := range p.Containers {
		if err := run.MakeDirectories(c); err != nil {
			return mended, err
		}
		any, err := l.Servers.MendFiles(ctx, c)
		if err != nil {
			return mended, err
		}
		mended = mended || any
	}
	return mended, nil
}

// MendAfterAsking has servers that are started be given files that they cannot
// write to, after asking, unless yes says so beforehand.
func (l *Launcher) MendAfterAsking(yes bool) {
	l.Servers.Mend = func(ctx context.Context, problem string) error {
		l.UI.Warn("%s", problem)
		if yes {
			return nil
		}
		return l.consent(ctx, question{text: "Make the server own all files there?", loss: true,
			unasked: "--fix-permissions makes the server own all files there", agreeing: "agree with --yes",
			declined: "changing the owner was declined", instead: "use another directory: --data DIR"})
	}
}
