package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/statusview"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "show the server's address, state and exit reason",
		UsageText: "facecraft status [--json]",
		Flags:     []cli.Flag{jsonFlag()},
		Action:    a.status,
	}
}

func (a *app) status(c *cli.Context) error {
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	servers, err := l.All(c.Context)
	if err != nil {
		return err
	}
	report := l.DescribeAll(c.Context, servers)
	if c.Bool("json") {
		return a.printJSON(report)
	}
	if len(report) == 0 {
		a.ui.Say("No server is running; start one with facecraft up")
		return nil
	}
	_, err = fmt.Fprint(a.Stdout, term.Wrap(a.Stdout, statusview.Text(report)))
	return err
}
