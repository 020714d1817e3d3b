package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/compose"
)

func (a *app) composeCommand() *cli.Command {
	return &cli.Command{
		Name:      "compose",
		Usage:     "write the same decision as a docker-compose.yml",
		UsageText: "facecraft compose > docker-compose.yml",
		Flags:     requestFlags(),
		Action:    a.compose,
	}
}

func (a *app) compose(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	s, err := a.connectIfPossible(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	p, err := s.decide(c.Context, r)
	if err != nil {
		return err
	}
	yaml, notes, err := compose.Render(p, a.Version)
	if err != nil {
		return err
	}
	for _, note := range append(p.Warnings, notes...) {
		a.ui.Warn("%s", note)
	}
	_, err = a.Stdout.Write(yaml)
	return err
}
