package cli

import (
	"github.com/urfave/cli/v2"
)

func (a *app) downCommand() *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "stop the server; keep its images and volumes",
		UsageText: "facecraft down [--purge]",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "purge", EnvVars: env("purge"), Usage: "also remove its volumes and images, after asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, EnvVars: env("yes"), Usage: "purge without asking"},
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
		a.ui.Done("No server is running")
	}
	for _, other := range others {
		a.ui.Say("%s at %s was not started by facecraft; stop it with docker stop %s", other.Name, other.URL, other.Name)
	}
	return l.StopAll(c.Context)
}
