package cli

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/term"
	"github.com/djok/facecraft/internal/upgrade"
)

func (a *app) upgradeCommand() *cli.Command {
	return &cli.Command{
		Name:      "upgrade",
		Usage:     "replace this program with the latest release",
		UsageText: "facecraft upgrade [--check]",
		Description: "The release's signature is verified, and the old program is kept until the\n" +
			"new one has run. Set FACECRAFT_RELEASES to use a mirror of\n" + upgrade.Releases + ".\n\n" +
			"On a terminal, other commands look for a newer release once a day, in the\n" +
			"background, and announce it. CI or " + upgrade.OffVariable + "=1 turns that\noff.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", EnvVars: env("check"), Usage: "only check whether there is a newer release"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.upgrade,
	}
}

func (a *app) upgradeSettings() (upgrade.Settings, error) {
	path, err := os.Executable()
	return upgrade.Settings{Version: a.Version, Key: a.ReleaseKey, Mirror: a.Getenv("FACECRAFT_RELEASES"), Path: path}, err
}

// withNews announces a newer release after a command, on a terminal.
func (a *app) withNews(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if a.Getenv(upgrade.OffVariable) != "" || a.Getenv("CI") != "" || !term.IsTerminal(a.Stderr) || c.Bool("quiet") {
			return action(c)
		}
		settings, err := a.upgradeSettings()
		cache, cacheErr := os.UserCacheDir()
		if err != nil || cacheErr != nil {
			return action(c)
		}
		notice := settings.Watch(c.Context, filepath.Join(cache, "facecraft", "release.json"))
		err = action(c)
		if tag, command := notice.News(); tag != "" && c.Context.Err() == nil {
			a.ui.Say("facecraft %s is available, and this is %s; to upgrade: %s", tag, a.Version, command)
		}
		return err
	}
}

func (a *app) upgrade(c *cli.Context) error {
	settings, err := a.upgradeSettings()
	if err != nil {
		return err
	}
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
