package cli

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

func (a *app) composeCommand() *cli.Command {
	return &cli.Command{
		Name:      "compose",
		Usage:     "write the same decision as a docker-compose.yml",
		UsageText: "facecraft compose > docker-compose.yml",
		Flags: slices.Concat(requestFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "pin", EnvVars: env("pin"), Usage: "name the image by its digest"},
		}),
		Action: a.compose,
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
	if c.Bool("pin") {
		if p.Image.Digest, err = s.pin(c.Context, p.Image); err != nil {
			return err
		}
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

// pin finds the digest of an image: of the one that is here, or else of what
// the registry has.
func (s *session) pin(ctx context.Context, image plan.Image) (string, error) {
	if image.BuiltIn {
		return "", fault.New(fault.Usage, "leave --pin out: its tag is the digest of this very program",
			"the image %s comes from no registry", image.Reference)
	}
	if s.engine != nil {
		local, err := s.Inspect(ctx, image.Reference)
		if err == nil && local.Digest != "" {
			return local.Digest, nil
		}
	}
	digest, err := s.registryClient(ctx).Digest(ctx, image.Reference)
	if err != nil {
		return "", registry.Explain(image.Reference, err)
	}
	return digest, nil
}
