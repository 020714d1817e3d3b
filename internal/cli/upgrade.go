package cli

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/upgrade"
)

func (a *app) upgradeCommand() *cli.Command {
	return &cli.Command{
		Name:      "upgrade",
		Usage:     "replace this program with the latest release",
		UsageText: "facecraft upgrade [--check]",
		Description: "The release's signature is verified, and the old program is kept until the\n" +
			"new one has run. Set FACECRAFT_RELEASES to use a mirror of\n" + upgrade.Releases + ".",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", EnvVars: env("check"), Usage: "only check whether there is a newer release"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.upgrade,
	}
}

func (a *app) upgrade(c *cli.Context) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	settings := upgrade.Settings{Version: a.Version, Key: a.ReleaseKey, Mirror: a.Getenv("FACECRAFT_RELEASES"), Path: path}
	a.ui.Progress("Looking for the latest release")
	release, err := settings.Check(c.Context)
	a.ui.Clear()
	switch {
	case err != nil:
		return err
	case !release.Newer(a.Version):
		a.ui.Done("facecraft %s is up to date; the latest release is %s", a.Version, release.Tag)
		return nil
	case c.Bool("check"):
		a.ui.Say("facecraft %s is available, and this is %s; to upgrade: facecraft upgrade", release.Tag, a.Version)
		return nil
	}
	a.ui.Progress("Downloading facecraft %s", release.Tag)
	err = settings.Install(c.Context, release)
	a.ui.Clear()
	if err != nil {
		return err
	}
	a.ui.Done("Upgraded facecraft from %s to %s", a.Version, release.Tag)
	return nil
}
