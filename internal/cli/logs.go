package cli

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/run"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) logsCommand() *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "show server logs",
		UsageText: "facecraft logs [-f] [--tail 100]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, EnvVars: env("follow"), Usage: "follow log output"},
			&cli.IntFlag{Name: "tail", Aliases: []string{"n"}, EnvVars: env("tail"), DefaultText: "all",
				Usage: "show only the last `N` lines"},
		},
		Action: a.logs,
	}
}

func (a *app) logs(c *cli.Context) error {
	options := containers.LogOptions{Follow: c.Bool("follow"), Tail: "all"}
	if c.IsSet("tail") {
		if c.Int("tail") < 0 {
			return fault.New(fault.Usage, "use a number of lines", "--tail %d is negative", c.Int("tail"))
		}
		options.Tail = strconv.Itoa(c.Int("tail"))
	}
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	servers, err := l.All(c.Context)
	if err != nil {
		return err
	}
	if len(servers) == 0 {
		return fault.New(fault.Failed, "start one: facecraft up", "no server is running")
	}
	if servers[0].Replica == 0 && !servers[0].Gateway() && servers[0].Behind == "" {
		return l.Logs(c.Context, servers[0], a.Stdout, a.Stderr, options)
	}
	return a.allLogs(c.Context, l, servers, options)
}

// allLogs copies several servers' output, each line after its server's name.
func (a *app) allLogs(ctx context.Context, l *launch.Launcher, servers []run.Server,
	options containers.LogOptions) error {
	var copying errgroup.Group
	var mu sync.Mutex
	for _, server := range servers {
		copying.Go(func() error {
			stdout := &term.Named{Name: server.Name, To: a.Stdout, Mu: &mu}
			stderr := &term.Named{Name: server.Name, To: a.Stderr, Mu: &mu}
			err := l.Logs(ctx, server, stdout, stderr, options)
			return errors.Join(err, stdout.End(), stderr.End())
		})
	}
	return copying.Wait()
}
