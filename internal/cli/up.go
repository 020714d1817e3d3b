package cli

import (
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/plan"
)

func (a *app) upCommand() *cli.Command {
	return &cli.Command{
		Name:      "up",
		Usage:     "choose the image, run it, wait until it is ready",
		UsageText: "facecraft up [--tag auto|cpu|gpu|lite]",
		Flags: slices.Concat(requestFlags(), startFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "recreate", EnvVars: env("recreate"), Usage: "replace a server that runs already"},
			&cli.BoolFlag{Name: "no-open", EnvVars: env("no-open"), Usage: "do not open a browser"},
			&cli.BoolFlag{Name: "dry-run", EnvVars: env("dry-run"), Usage: "show the plan and do nothing"},
		}),
		Before: a.hush,
		Action: a.up,
	}
}

func (a *app) up(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return a.plan(c)
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
	server, err := s.server(c.Context, serverRequest{Request: r, Timeout: c.Duration("timeout"), Recreate: c.Bool("recreate")})
	if err != nil {
		return err
	}
	a.welcome(server)
	fmt.Fprintln(a.Stdout, server.URL)
	for _, other := range server.Others {
		fmt.Fprintln(a.Stdout, other.URL)
	}
	if !c.Bool("no-open") && server.Plan != nil {
		a.openDocs(server.URL + "/docs")
	}
	return nil
}

// welcome says where the server is and what to do next.
func (a *app) welcome(server found) {
	where := server.URL
	if n := len(server.Others); n > 0 {
		where += fmt.Sprintf(" and %d more", n)
	}
	if server.Plan == nil {
		a.ui.Done("facecraft (%s) runs already at %s", server.Variant, where)
	} else {
		a.ui.Done("facecraft (%s) is ready at %s after %s", server.Variant, where, server.Ready.Round(10*time.Millisecond))
	}
	facecraft := "facecraft"
	if name := a.instance(); name != plan.DefaultInstance {
		facecraft = "FACECRAFT_INSTANCE=" + name + " " + facecraft
	}
	a.ui.Say("")
	a.ui.Table([][2]string{
		{facecraft + " process photo.jpg", "make a portrait of a photo"},
		{facecraft + " logs", "see what the server says"},
		{facecraft + " down", "stop it"},
		{server.URL + "/docs", "the API's documentation"},
	})
	a.ui.Say("")
}
