package cli

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/progressview"
)

func (a *app) pullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "download the image in advance",
		UsageText: "facecraft pull [--tag auto|cpu|gpu|lite] [--pull always]",
		Flags: slices.Concat(requestFlags(), fetchFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "json", EnvVars: env("json"), Usage: "print progress as JSON lines to standard output"},
			&cli.BoolFlag{Name: "forget", EnvVars: env("forget"), Usage: "delete unfinished downloads and exit"},
			quietFlag(),
		}),
		Before: a.hush,
		Action: a.pull,
	}
}

func (a *app) pull(c *cli.Context) error {
	if c.Bool("forget") {
		return a.launcher().ForgetDownloads(c.Context)
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	r.Elsewhere = true
	f, err := fetchingOf(c)
	if err != nil {
		return err
	}
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	events := progressview.Events{Out: io.Discard}
	if c.Bool("json") {
		events.Out = a.Stdout
		f.Tell = events.Estimate
		l.Report = events.Progress
	}
	p, err := l.Decide(c.Context, r)
	if err != nil {
		return err
	}
	l.Announce(p)
	fetched, err := l.EnsureImage(c.Context, &p, f)
	if err != nil {
		return err
	}
	image := p.First().Image
	events.Done(image, fetched)
	if fetched {
		a.ui.Done("Pulled %s", image.Pinned())
		return nil
	}
	a.ui.Done("%s is already available locally", image.Pinned())
	if f.When == launch.FetchMissing && l.Newer(c.Context, image.Reference, image.Digest) != "" {
		a.ui.Say("A newer version is available: facecraft pull --pull always")
	}
	return nil
}
