package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/run"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "show where the server is, ready or how it ended",
		UsageText: "facecraft status [--json]",
		Flags:     []cli.Flag{jsonFlag()},
		Action:    a.status,
	}
}

// serverStatus is one server in `status --json`.
type serverStatus struct {
	run.Server
	Ready    bool        `json:"ready"`
	Detail   string      `json:"detail,omitempty"` // why it is not ready
	End      *run.End    `json:"end,omitempty"`    // of one that does not run
	API      *api.Status `json:"api,omitempty"`
	Warnings []string    `json:"warnings,omitempty"` // as api.Status.Shortcomings
}

func (a *app) status(c *cli.Context) error {
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	servers, err := s.all(c.Context)
	if err != nil {
		return err
	}
	report := []serverStatus{}
	for _, server := range servers {
		report = append(report, s.describe(c.Context, server))
	}
	if c.Bool("json") {
		return a.printJSON(report)
	}
	if len(report) == 0 {
		a.ui.Say("no server runs; facecraft up starts one")
		return nil
	}
	return a.printStatus(report)
}

// describe asks the server itself. One that is busy with a photo answers
// late, or not in time.
func (s *session) describe(ctx context.Context, server run.Server) serverStatus {
	status := serverStatus{Server: server}
	switch {
	case server.Paused():
		status.Detail = "it is paused; docker unpause " + server.Name + " lets it go on"
		return status
	case s.Remote && server.Running():
		status.Detail = "not known: it is on another machine, " + s.engine.Endpoint.Host
		return status
	case server.URL == "":
		status.Detail = unreachable(server)
		if server.Died() {
			if end, _ := s.End(ctx, server); end.Ended != "" { // it may have been started meanwhile
				status.End = &end
			}
		}
		return status
	}
	client := api.New(server.URL)
	defer client.Close()
	readiness, err := client.Ready(ctx)
	switch {
	case errors.As(err, new(*api.Foreign)):
		status.Detail = fmt.Sprintf("what answers is no facecraft server: %v", err)
		return status
	case err != nil:
		status.Detail = fmt.Sprintf("it does not answer: it loads its models, or is busy with a photo (%v)", err)
		return status
	case !readiness.Ready:
		status.Detail = readiness.Why
		return status
	}
	status.Ready = true
	status.readAPI(ctx, client)
	return status
}

// unreachable says why a server has no address. Its State says the rest.
func unreachable(server run.Server) string {
	switch {
	case server.Running():
		return "it publishes no port of this machine"
	case server.State == "created":
		return "it was not started yet"
	}
	return "it is not running"
}

func (s serverStatus) readyText() string {
	if s.Ready {
		return "yes"
	}
	return "no: " + s.Detail
}

// exposure is where a server answers beyond this machine.
func (s serverStatus) exposure() string {
	if ip := net.ParseIP(s.Listen); ip == nil || ip.IsLoopback() {
		return ""
	}
	return ", open to others on " + s.Listen
}

// readAPI asks what a ready server has loaded, and on which device. One that
// does not tell is ready all the same.
func (s *serverStatus) readAPI(ctx context.Context, client *api.Client) {
	answer, err := client.Status(ctx)
	if err != nil {
		return
	}
	s.API = &answer
	s.Warnings = answer.Shortcomings(needsGPU(s.Variant))
}

func needsGPU(variant string) bool {
	catalogue, err := catalog.Load()
	v, _ := catalogue.Variant(variant)
	return err == nil && v.GPU != nil
}

func (s serverStatus) summary() string {
	text := s.Status
	if s.Variant != "" {
		text = s.Variant + ", " + text
	}
	if s.Other {
		text += ", not started by facecraft"
	}
	return text
}

func (a *app) printStatus(report []serverStatus) error {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for i, s := range report {
		if s.Replica > 1 && i > 0 { // like the first
			where := s.Name
			if s.URL != "" {
				where += " at " + s.URL
			}
			fmt.Fprintf(w, "  beside it\t%s, ready: %s\n", where, s.readyText())
			s.writeEnd(w)
			continue
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.summary())
		fmt.Fprintf(w, "  image\t%s\n", s.Image)
		if s.Digest != "" {
			fmt.Fprintf(w, "  digest\t%s\n", s.Digest)
		}
		if s.URL != "" {
			fmt.Fprintf(w, "  address\t%s%s\n", s.URL, s.exposure())
		}
		fmt.Fprintf(w, "  ready\t%s\n", s.readyText())
		s.writeEnd(w)
		if s.API != nil {
			fmt.Fprintf(w, "  device\t%s %s\n", s.API.Device.Type, s.API.Device.Name)
			for _, name := range s.API.ModelNames() {
				model := s.API.Models[name]
				loaded := "loaded"
				if !model.Loaded {
					loaded = "not loaded"
				}
				fmt.Fprintf(w, "  %s\t%s, %s\n", name, loaded, model.Type)
			}
		}
		for _, warning := range s.Warnings {
			fmt.Fprintf(w, "  warning\t%s\n", warning)
		}
	}
	w.Flush()
	_, err := fmt.Fprint(a.Stdout, term.Wrap(a.Stdout, text.String()))
	return err
}

// writeEnd says how a server ended that does not run, and what to do.
func (s serverStatus) writeEnd(w io.Writer) {
	if s.End == nil {
		return
	}
	for _, row := range s.End.Rows() {
		fmt.Fprintf(w, "  %s\t%s\n", row[0], row[1])
	}
	fmt.Fprintf(w, "  fix\t%s\n", s.End.Remedy)
}
