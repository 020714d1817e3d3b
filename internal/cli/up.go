package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
)

func (a *app) upCommand() *cli.Command {
	return &cli.Command{
		Name:      "up",
		Usage:     "choose the image, run it, wait until it is ready",
		UsageText: "facecraft up [--tag auto|cpu|gpu|lite]",
		Flags: slices.Concat(requestFlags(), fetchFlags(), startFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "recreate", EnvVars: env("recreate"), Usage: "replace a server that runs already"},
			&cli.BoolFlag{Name: "fix-permissions", EnvVars: env("fix-permissions"), Usage: "give the server the files it cannot write to"},
			&cli.BoolFlag{Name: "no-open", EnvVars: env("no-open"), Usage: "do not open a browser"},
			&cli.BoolFlag{Name: "dry-run", EnvVars: env("dry-run"), Usage: "show the plan and do nothing"},
			jsonFlag(),
		}),
		Before: a.hush,
		Action: a.up,
	}
}

func (a *app) up(c *cli.Context) error {
	r, err := a.request(c)
	if err != nil {
		return err
	}
	f, err := fetchingOf(c)
	if err != nil {
		return err
	}
	timeout, err := timeoutOf(c)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return a.dryRun(c, serverRequest{Request: r, Compare: true, Recreate: c.Bool("recreate")})
	}
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	if c.Bool("fix-permissions") {
		s.Mend = func(ctx context.Context, problem string) error { return a.consentToMend(ctx, problem, f.Yes) }
	}
	server, err := s.server(c.Context, serverRequest{
		Request: r, Timeout: timeout, Fetch: f, Compare: true, Recreate: c.Bool("recreate"),
	})
	if err != nil {
		return err
	}
	server.ask(c.Context)
	a.welcome(server)
	if c.Bool("json") {
		return a.printJSON(server.report())
	}
	fmt.Fprintln(a.Stdout, server.URL)
	for _, other := range server.Others {
		fmt.Fprintln(a.Stdout, other.URL)
	}
	if desktop := a.desktop(); !c.Bool("no-open") && server.Plan != nil && desktop.CanOpen() {
		desktop.Open(a.docsPage(c.Context, server.Server))
	}
	// A version that runs is never swapped silently, but its successor is told.
	if f.When == fetchMissing {
		if digest := s.newer(c.Context, server.Image, server.Digest); digest != "" {
			a.ui.Say("a newer image is in the registry (%s): facecraft up --recreate --pull always switches to it", digest)
		}
	}
	return nil
}

// dryRun shows the plan, unless the real run would be refused for a server that
// is running already. It waits for none.
func (a *app) dryRun(c *cli.Context, r serverRequest) error {
	s, err := a.connect(c.Context)
	if err != nil {
		return a.plan(c) // which says what is wrong
	}
	defer s.close()
	if err := s.rehearse(c.Context, r); err != nil {
		return err
	}
	return a.plan(c)
}

// rehearse refuses what finding a server would refuse.
func (s *session) rehearse(ctx context.Context, r serverRequest) error {
	if err := s.reachable(); err != nil || r.Recreate {
		return err
	}
	running, err := s.running(ctx, r.Port)
	if err != nil || running == nil {
		return err
	}
	others, err := s.admit(ctx, *running, r)
	if err != nil {
		return err
	}
	r.Replicas = 1 + len(others)
	if !running.Other {
		if err := s.compare(ctx, *running, r.Request); err != nil {
			return err
		}
	}
	s.app.ui.Say("a server is already running at %s and would be used; without it:", running.URL)
	return nil
}

// ask reads what the server has loaded, and on which device.
func (f *found) ask(ctx context.Context) {
	client := api.New(f.URL)
	defer client.Close()
	f.readAPI(ctx, client)
}

// upReport is what `up --json` answers: the server as `status --json` has it,
// those beside it, and how they came about.
type upReport struct {
	serverStatus
	Others  []run.Server `json:"others,omitempty"`
	Started bool         `json:"started"` // by this call
	Seconds float64      `json:"seconds"` // that readiness took
}

func (f found) report() upReport {
	return upReport{serverStatus: f.serverStatus, Others: f.Others, Started: f.Plan != nil, Seconds: seconds(f.Took)}
}

// consentToMend is the user's word that files may become the server's.
func (a *app) consentToMend(ctx context.Context, problem string, yes bool) error {
	a.ui.Warn("%s", problem)
	switch {
	case yes:
		return nil
	case !a.ui.CanAsk(a.Stdin):
		return fault.New(fault.Declined, "agree with --yes", "--fix-permissions gives all files there to the server, and nobody is here to agree to it")
	}
	agreed, err := a.ui.ConfirmLoss(ctx, a.Stdin, "give all files there to the server?")
	if err == nil && !agreed {
		err = fault.New(fault.Declined, "use another place: --data DIR", "giving the files to the server was declined")
	}
	return err
}

// welcome says where the server is and what to do next.
func (a *app) welcome(server found) {
	name := "facecraft"
	if server.Variant != "" {
		name += " (" + server.Variant + ")"
	}
	where := server.URL
	if n := len(server.Others); n > 0 {
		where += fmt.Sprintf(" and %d more", n)
	}
	switch {
	case server.Other:
		a.ui.Done("%s runs already at %s, in the container %s, which was not started by facecraft", name, server.URL, server.Name)
	case server.Plan == nil:
		a.ui.Done("%s runs already at %s", name, where)
	default:
		a.ui.Done("%s is ready at %s after %s", name, where, server.Took.Round(10*time.Millisecond))
	}
	for _, warning := range server.Warnings {
		a.ui.Warn("%s", warning)
	}
	a.ui.Say("")
	if name := a.instance(); name != plan.DefaultInstance {
		a.ui.Say("with FACECRAFT_INSTANCE=%s in the environment:", name)
	}
	stop := "facecraft down"
	if server.Other {
		stop = "docker stop " + server.Name
	}
	a.ui.Table([][2]string{
		{"facecraft process photo.jpg", "make a portrait of a photo"},
		{"facecraft logs", "see what the server says"},
		{stop, "stop it"},
		{server.URL + "/docs", "the API's documentation"},
	})
	a.ui.Say("")
}
