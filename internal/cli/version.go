package cli

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
)

func (a *app) versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "show the version of this program",
		UsageText: "facecraft version",
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprintf(a.Stdout, "facecraft %s %s/%s %s\n", a.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}
