package cli

import (
	"github.com/urfave/cli/v2"
)

func (a *app) downCommand() *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "stop the server; images and volumes stay",
		UsageText: "facecraft down [--purge]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "purge", EnvVars: env("purge"), Usage: "remove its volumes and images too, after asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, EnvVars: env("yes"), Usage: "agree to the purge"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.down,
	}
}

func (a *app) down(c *cli.Context) error {
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	if c.Bool("purge") {
		return l.Purge(c.Context, c.Bool("yes"))
	}
	servers, err := l.Servers.List(c.Context)
	if err != nil {
		return err
	}
	others, err := l.Unmanaged(c.Context)
	if err != nil {
		return err
	}
	if len(servers)+len(others) == 0 {
		a.ui.Done("no server runs")
	}
	for _, other := range others {
		a.ui.Say("%s at %s was not started by facecraft; docker stop %s stops it", other.Name, other.URL, other.Name)
	}
	return l.StopAll(c.Context)
}
