package cli

import (
	"github.com/urfave/cli/v2"
)

func (a *app) downCommand() *cli.Command {
	return &cli.Command{
		Name:      "down",
		Usage:     "stop the server; images and volumes stay",
		UsageText: "facecraft down",
		Flags:     []cli.Flag{quietFlag()},
		Before:    a.hush,
		Action:    a.down,
	}
}

func (a *app) down(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
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
	if len(servers) == 0 {
		a.ui.Done("no server runs")
		return nil
	}
	return s.stopAll(c.Context)
}
