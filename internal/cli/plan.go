package cli

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"
)

func (a *app) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what up would run here, and why",
		UsageText: "facecraft plan [--tag auto|cpu|gpu|lite] [--json]",
		Flags:     slices.Concat(requestFlags(), []cli.Flag{jsonFlag()}),
		Action:    a.plan,
	}
}

func (a *app) plan(c *cli.Context) error {
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
	if c.Bool("json") {
		return a.printJSON(p)
	}
	_, err = fmt.Fprint(a.Stdout, p)
	return err
}

func (a *app) printJSON(v any) error {
	encoder := json.NewEncoder(a.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
