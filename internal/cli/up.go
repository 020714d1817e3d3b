package cli

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

func (a *app) upCommand() *cli.Command {
	return &cli.Command{
		Name:      "up",
		Usage:     "choose an image, start it and wait until it is ready",
		UsageText: "facecraft up [--tag auto|cpu|gpu|lite]",
		Flags: slices.Concat(requestFlags(), gatewayFlags(), fetchFlags(), startFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "recreate", EnvVars: env("recreate"), Usage: "replace a running server"},
			&cli.BoolFlag{Name: "fix-permissions", EnvVars: env("fix-permissions"),
				Usage: "make the server own the files it cannot write to"},
			&cli.BoolFlag{Name: "no-open", EnvVars: env("no-open"), Usage: "do not open a browser"},
			&cli.BoolFlag{Name: "dry-run", EnvVars: env("dry-run"), Usage: "show the plan without doing anything"},
			jsonFlag(),
		}),
		Before: a.hush,
		Action: a.up,
	}
}

func (a *app) up(c *cli.Context) error {
	r, err := a.serverRequest(c)
	if err != nil {
		return err
	}
	r.Compare, r.Recreate = true, c.Bool("recreate")
	if c.Bool("dry-run") {
		return a.dryRun(c, r)
	}
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	if c.Bool("fix-permissions") {
		l.FixPermissions(r.Fetch.Yes)
	}
	server, err := l.Server(c.Context, r)
	if err != nil {
		return a.orLite(err)
	}
	l.Ask(c.Context, &server)
	a.welcome(server)
	if c.Bool("json") {
		return a.printJSON(reportOf(server))
	}
	fmt.Fprintln(a.Stdout, server.URL)
	for _, other := range server.Replicas {
		if other.URL != "" {
			fmt.Fprintln(a.Stdout, other.URL)
		}
	}
	if desktop := a.desktop(); !c.Bool("no-open") && server.Plan != nil && desktop.CanOpen() {
		desktop.Open(l.DocsPage(c.Context, server.Server))
	}
	// A running version is never replaced silently, but a newer one is announced.
	if r.Fetch.When == launch.FetchMissing {
		if digest := l.Newer(c.Context, server.Image, server.Digest); digest != "" {
			a.ui.Say("A newer image is available (%s); switch to it with facecraft up --recreate --pull always", digest)
		}
	}
	return nil
}

// dryRun shows the plan, unless the real run would be refused because of a
// running server. It does not wait for one.
func (a *app) dryRun(c *cli.Context, r launch.ServerRequest) error {
	l, err := a.connect(c.Context)
	if err != nil {
		return a.plan(c) // which explains why
	}
	defer l.Close()
	if err := l.Rehearse(c.Context, r); err != nil {
		return err
	}
	return a.plan(c)
}

// upReport is the output of `up --json`: the server as in `status --json`, its
// replicas, and how they came about.
type upReport struct {
	launch.Status
	Others  []run.Server `json:"others,omitempty"`
	Started bool         `json:"started"` // by this call
	Seconds float64      `json:"seconds"` // until it was ready
}

func reportOf(o launch.Outcome) upReport {
	return upReport{Status: o.Status, Others: o.Replicas, Started: o.Plan != nil, Seconds: format.Seconds(o.Took)}
}

// welcome says where the server is and what to do next.
func (a *app) welcome(server launch.Outcome) {
	name := "facecraft"
	if server.Variant != "" {
		name += " (" + server.Variant + ")"
	}
	where := server.URL
	switch n := len(server.Replicas); {
	case server.Gateway():
		where += ", a gateway to " + format.Count(n, "server", "servers")
	case n > 0:
		where += fmt.Sprintf(" and %d more", n)
	}
	switch {
	case server.Unmanaged:
		a.ui.Done("%s is already running at %s, in the container %s, which was not started by facecraft", name,
			server.URL, server.Name)
	case server.Plan == nil:
		a.ui.Done("%s is already running at %s", name, where)
	default:
		a.ui.Done("%s is ready at %s after %s", name, where, format.Elapsed(server.Took))
	}
	for _, warning := range server.Warnings {
		a.ui.Warn("%s", warning)
	}
	a.ui.Say("")
	if name := a.instance(); name != plan.DefaultInstance {
		a.ui.Say("With FACECRAFT_INSTANCE=%s in the environment:", name)
	}
	stop := "facecraft down"
	if server.Unmanaged {
		stop = "docker stop " + server.Name
	}
	a.ui.Table([][2]string{
		{"facecraft process photo.jpg", "make a portrait"},
		{"facecraft logs", "show its logs"},
		{stop, "stop it"},
		{server.URL + "/docs", "API documentation"},
	})
	a.ui.Say("")
}
