package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/shortcut"
	"github.com/djok/facecraft/internal/studio"
)

func (a *app) studioCommand() *cli.Command {
	return &cli.Command{
		Name:      "studio",
		ArgsUsage: "[PHOTO...]",
		Usage:     "make portraits in the browser: drop photos on a page",
		UsageText: "facecraft studio [photos/] [-o portraits/]",
		Description: "Photos can be given as files or directories, or dropped on the page later.\n" +
			"Ctrl-C ends it; the same command continues where it stopped.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "Pictures/Facecraft",
				Usage: "`DIR` for portraits"},
			&cli.StringSliceFlag{Name: "endpoint", EnvVars: env("endpoint"),
				Usage: "`URL` of a remote server; repeatable"},
			&cli.IntFlag{Name: "page-port", EnvVars: env("page-port"), DefaultText: "any free one", Usage: "`PORT` of the page"},
			&cli.BoolFlag{Name: "no-open", EnvVars: env("no-open"), Usage: "do not open a browser"},
			&cli.BoolFlag{Name: "install-shortcut", EnvVars: env("install-shortcut"),
				Usage: "add the studio to the desktop's menus, and exit"},
			&cli.BoolFlag{Name: "remove-shortcut", EnvVars: env("remove-shortcut"),
				Usage: "remove it from the desktop's menus, and exit"},
		}, requestFlags(), fetchFlags(), startFlags()),
		Before: a.hush,
		Action: a.studio,
	}
}

func (a *app) studio(c *cli.Context) error {
	switch {
	case c.Bool("install-shortcut"):
		return shortcut.Install(a.Getenv, a.ui.Done)
	case c.Bool("remove-shortcut"):
		return shortcut.Remove(a.Getenv, a.ui.Done)
	}
	config, err := a.studioConfig(c)
	if err != nil {
		return err
	}
	return studio.Run(c.Context, config)
}

func (a *app) studioConfig(c *cli.Context) (config studio.Config, err error) {
	config = studio.Config{
		Files: c.Args().Slice(), Folder: c.String("output"), Port: c.Int("page-port"),
		Endpoints: c.StringSlice("endpoint"), Token: a.Getenv(api.TokenVariable),
	}
	if err := a.checkEndpointFlags(c); err != nil {
		return config, err
	}
	if config.Request, err = a.serverRequest(c); err != nil {
		return config, err
	}
	config.Settings = a.launcher() // after the request, whose secrets it contains
	desktop := a.desktop()
	if desktop.CanOpen() {
		config.Open = desktop.Open
	}
	config.Ready = func(address string) {
		fmt.Fprintln(a.Stdout, address)
		a.ui.Say("Open this address once; it does not work a second time. Ctrl-C ends the studio.")
		if !c.Bool("no-open") && desktop.CanOpen() {
			desktop.Open(address)
		}
	}
	return config, nil
}
