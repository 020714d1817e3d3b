package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what up would run, and why",
		UsageText: "facecraft plan [--tag auto|cpu|gpu|lite] [--json | --format docker-run]",
		Flags: slices.Concat(requestFlags(), gatewayFlags(), []cli.Flag{gatewayImageFlag(), jsonFlag(),
			&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: formatText,
				Usage: "`FORMAT`: text, json, docker-run"},
		}),
		Action: a.plan,
	}
}

func (a *app) plan(c *cli.Context) error {
	format, err := formatOf(c, planFormats)
	if err != nil {
		return err
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	l, err := a.connectIfPossible(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	p, err := l.Decide(c.Context, r)
	if err != nil {
		return err
	}
	switch format {
	case formatJSON:
		return a.printJSON(p)
	case formatDockerRun:
		lines, notes := dockerrun.Render(p, a.Version)
		for _, note := range append(p.Warnings, notes...) {
			a.ui.Warn("%s", note)
		}
		_, err = fmt.Fprint(a.Stdout, lines)
		return err
	}
	_, err = fmt.Fprint(a.Stdout, term.Wrap(a.Stdout, p.String()))
	return err
}

func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(a.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
