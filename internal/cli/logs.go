package cli

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/run"
)

func (a *app) logsCommand() *cli.Command {
	return &cli.Command{
		Name:      "logs",
		Usage:     "show what the server said",
		UsageText: "facecraft logs [-f] [--tail 100]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, EnvVars: env("follow"), Usage: "go on as it speaks"},
			&cli.IntFlag{Name: "tail", Aliases: []string{"n"}, EnvVars: env("tail"), DefaultText: "all", Usage: "only the last `N` lines"},
		},
		Action: a.logs,
	}
}

func (a *app) logs(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	options := run.LogOptions{Follow: c.Bool("follow"), Tail: "all"}
	if c.IsSet("tail") {
		if c.Int("tail") < 0 {
			return fault.New(fault.Usage, "use a number of lines", "--tail %d is negative", c.Int("tail"))
		}
		options.Tail = strconv.Itoa(c.Int("tail"))
	}
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	servers, err := s.Servers(c.Context)
	if err != nil {
		return err
	}
	others, err := s.others(c.Context)
	if err != nil {
		return err
	}
	if servers = append(servers, others...); len(servers) == 0 {
		return fault.New(fault.Failed, "facecraft up starts one", "there is no server")
	}
	return s.Logs(c.Context, servers[0], a.Stdout, a.Stderr, options)
}
