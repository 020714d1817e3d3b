package cli

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/studio"
	"github.com/djok/facecraft/internal/term"
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
		}, requestFlags(), fetchFlags(), startFlags()),
		Before: a.hush,
		Action: a.studio,
	}
}

func (a *app) studio(c *cli.Context) error {
	config, err := a.studioConfig(c)
	if err != nil {
		return err
	}
	err = studio.Run(c.Context, config)
	if c.Context.Err() != nil && err == nil {
		a.ui.Done("The portraits are in %s", term.Name(config.Folder))
	}
	return err
}

func (a *app) studioConfig(c *cli.Context) (config studio.Config, err error) {
	config = studio.Config{
		Files: c.Args().Slice(), Folder: c.String("output"), Port: c.Int("page-port"),
		Endpoints: c.StringSlice("endpoint"), Token: a.Getenv(api.TokenVariable),
	}
	if err := a.checkEndpointFlags(c); err != nil {
		return config, err
	}
	if config.Request.Request, err = a.request(c); err != nil {
		return config, err
	}
	if config.Request.Fetch, err = fetchingOf(c); err != nil {
		return config, err
	}
	if config.Request.Timeout, err = timeoutOf(c); err != nil {
		return config, err
	}
	if config.Folder == "" {
		if config.Folder, err = studio.DefaultFolder(a.Getenv); err != nil {
			return config, err
		}
	}
	if config.Folder, err = filepath.Abs(config.Folder); err != nil {
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
