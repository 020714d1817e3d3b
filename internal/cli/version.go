package cli

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
)

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version",
		UsageText: "facecraft version",
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprintln(a.Stdout, versionText(a.Version))
			return err
		},
	}
}

// --version is what people try first.
func init() {
	cli.VersionPrinter = func(c *cli.Context) { fmt.Fprintln(c.App.Writer, versionText(c.App.Version)) }
}

func versionText(version string) string {
	return fmt.Sprintf("facecraft %s %s/%s %s", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
