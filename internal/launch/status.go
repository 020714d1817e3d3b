package launch

import (
	"context"
	"errors"
	"fmt"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/run"
)

// Status is one server in `status --json`.
type Status struct {
	run.Server
	Ready    bool        `json:"ready"`
	Detail   string      `json:"detail,omitempty"` // why it is not ready
	End      *run.End    `json:"end,omitempty"`    // if it is not running
	API      *api.Status `json:"api,omitempty"`
	Warnings []string    `json:"warnings,omitempty"` // as api.Status.Shortcomings
}

// DescribeAll asks all servers. Those behind a gateway follow it, because only the
// gateway can describe them.
func (l *Launcher) DescribeAll(ctx context.Context, servers []run.Server) []Status {
	report := []Status{}
	for _, server := range frontFirst(servers) {
		status := l.Describe(ctx, server)
		if server.Behind != "" && server.Running() {
			status.Ready, status.Detail = l.readyBehind(ctx, server, report[0].Server)
		}
		report = append(report, status)
	}
	return report
}

// Describe asks the server itself. One that is busy with a photo answers late, or
// not in time.
func (l *Launcher) Describe(ctx context.Context, server run.Server) Status {
	status := Status{Server: server}
	switch {
	case server.Paused():
		status.Detail = "it is paused; resume it with docker unpause " + server.Name
		return status
	case l.Servers.Remote && server.Running():
		status.Detail = "unknown: it is on another machine, " + l.Engine.Endpoint.Host
		return status
	case server.URL == "":
		status.Detail = unreachable(server)
		if server.Died() {
			if end, _ := l.Servers.End(ctx, server); end.Ended != "" { // it may have been started in the meantime
				status.End = &end
			}
		}
		return status
	}
	client := l.Servers.Client(ctx, server)
	defer client.Close()
	readiness, err := client.Ready(ctx)
	switch {
	case errors.As(err, new(*api.UnexpectedResponse)):
		status.Detail = fmt.Sprintf("what answers is not a facecraft server: %v", err)
		return status
	case err != nil:
		status.Detail = fmt.Sprintf("no answer: it is loading its models, or busy with a photo (%v)", err)
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
		return "it does not publish a port on this machine"
	case server.State == "created":
		return "it has not been started yet"
	}
	return "it is not running"
}

// readAPI asks what a ready server has loaded, and on which device. One that does
// not answer this is still ready.
func (s *Status) readAPI(ctx context.Context, client *api.Client) {
	answer, err := client.Status(ctx)
	if err != nil {
		return
	}
	s.API = &answer
	s.Warnings = answer.Shortcomings(needsGPU(s.Variant))
}

func needsGPU(variant string) bool {
	catalogue, err := catalogue.Load()
	v, _ := catalogue.Variant(variant)
	return err == nil && v.GPU != nil
}
