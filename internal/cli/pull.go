package cli

import (
	"slices"

	"github.com/urfave/cli/v2"
)

func (a *app) pullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "fetch the image ahead",
		UsageText: "facecraft pull [--tag auto|cpu|gpu|lite]",
		Flags:     slices.Concat(requestFlags(), []cli.Flag{quietFlag()}),
		Before:    a.hush,
		Action:    a.pull,
	}
}

func (a *app) pull(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	p, err := s.decide(c.Context, r)
	if err != nil {
		return err
	}
	a.announce(p)
	fetched, err := s.EnsureImage(c.Context, p.Image)
	if err != nil {
		return err
	}
	if !fetched {
		a.ui.Done("image %s was here already", p.Image.Reference)
		return nil
	}
	a.ui.Done("image %s is here", p.Image.Reference)
	return nil
}
