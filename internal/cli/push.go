package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
)

func (a *app) pushCommand() *cli.Command {
	return &cli.Command{
		Name:      "push",
		Usage:     "push the built-in image to a registry",
		ArgsUsage: "REF",
		UsageText: "facecraft push REGISTRY/REPOSITORY:TAG",
		Description: "The image is this program: the lite variant. Docker is not needed; logins are\n" +
			"those of docker login. Prints the image's reference by digest.",
		Flags:  []cli.Flag{quietFlag()},
		Before: a.hush,
		Action: a.push,
	}
}

func (a *app) push(c *cli.Context) error {
	if c.NArg() != 1 {
		return fault.New(fault.Usage, "facecraft push REGISTRY/REPOSITORY:TAG", "push takes one image reference")
	}
	reference, err := a.launcher().Push(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	a.ui.Done("Pushed %s", c.Args().First())
	_, err = fmt.Fprintln(a.Stdout, reference)
	return err
}
