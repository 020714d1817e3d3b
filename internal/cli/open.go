package cli

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) openCommand() *cli.Command {
	return &cli.Command{
		Name:      "open",
		Usage:     "open the API documentation in the browser",
		UsageText: "facecraft open",
		Flags:     []cli.Flag{quietFlag()},
		Before:    a.hush,
		Action:    a.open,
	}
}

func (a *app) open(c *cli.Context) error {
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.Reachable(); err != nil {
		return err
	}
	server, err := l.Running(c.Context, 0)
	if err != nil {
		return err
	}
	if server == nil {
		return fault.New(fault.Failed, "start one: facecraft up", "no server is running")
	}
	page := l.DocsPage(c.Context, *server)
	fmt.Fprintln(a.Stdout, page)
	if desktop := a.desktop(); desktop.CanOpen() && desktop.Open(page) {
		a.ui.Done("Opened the documentation in the browser")
	}
	return nil
}

// desktop is where a browser may be available.
func (a *app) desktop() term.Desktop {
	return term.Desktop{Getenv: a.Getenv, OS: runtime.GOOS, UID: a.UID}
}
