package launch

import (
	"context"
	"io"
	"time"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/run"
)

// Logs copies a server's output, and says why it ended if it follows it.
func (l *Launcher) Logs(ctx context.Context, server run.Server, stdout, stderr io.Writer,
	options containers.LogOptions) error {
	if err := l.Servers.Logs(ctx, server, stdout, stderr, options); err != nil || !options.Follow {
		return err
	}
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		end, gone := l.Servers.End(ctx, server)
		switch {
		case gone:
			l.UI.Warn("%s was removed", server.Name)
			return nil
		case end.Ended != "":
			l.UI.Warn("%s ended: %s", server.Name, end.Ended)
			return nil
		case time.Since(begin) > time.Second: // the log ends shortly before the container
			l.UI.Warn("%s was restarted; continue with facecraft logs -f", server.Name)
			return nil
		}
	}
}
