package run

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// ErrPortTaken means that the daemon could not publish a port that had looked
// free.
var ErrPortTaken = errors.New("the port was taken in the meantime")

// portRefusals are the daemons' errors for a port in use.
var portRefusals = []string{
	"port is already allocated", // Docker Engine, for another container's port
	"address already in use",    // Docker Engine and Podman, for another program's
	"ports are not available",   // Docker Desktop
	// Windows, for its reserved ranges
	"an attempt was made to access a socket in a way forbidden by its access permissions",
	"only one usage of each socket address", // Windows
}

// portForbidden are the errors for ports that rootless daemons cannot use.
var portForbidden = []string{"cannot expose privileged port", "permission denied while binding",
	"bind: permission denied"}

func says(err error, wordings []string) bool {
	text := strings.ToLower(err.Error())
	for _, wording := range wordings {
		if strings.Contains(text, wording) {
			return true
		}
	}
	return false
}

// portFault explains a start that failed because of the port, or returns nil.
func portFault(port int, err error) error {
	switch {
	case says(err, portForbidden):
		return fault.Wrap(fault.Failed, err, "choose port 1024 or higher with --port",
			"Docker is not allowed to use port %d", port)
	case says(err, portRefusals):
		return fault.Wrap(fault.Failed, errors.Join(ErrPortTaken, err),
			"run facecraft up again, or choose another with --port",
			"port %d is not available", port)
	}
	return nil
}

// ConfiguredPort returns a server's configured host port. While a server starts
// or stops, it holds its port although the container list does not show it.
func (r *Runner) ConfiguredPort(ctx context.Context, s Server) int {
	if s.Port != 0 {
		return s.Port
	}
	inspect, err := r.Docker.ContainerInspect(ctx, s.ID)
	if err != nil {
		return 0 // it has been removed in the meantime, which freed its port
	}
	for _, bindings := range inspect.HostConfig.PortBindings {
		for _, b := range bindings {
			if port, err := strconv.Atoi(b.HostPort); err == nil {
				return port
			}
		}
	}
	return 0
}

// PortContainer names the container that publishes a host port. It searches the
// list itself: Podman (4.3) has no filter for that.
func (r *Runner) PortContainer(ctx context.Context, port int) (plan.PortOwner, bool) {
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return plan.PortOwner{}, false // the owner is only nice to know
	}
	for _, c := range list {
		published := slices.ContainsFunc(c.Ports, func(p container.Port) bool {
			return int(p.PublicPort) == port && p.Type == "tcp"
		})
		if published && len(c.Names) > 0 {
			name := strings.TrimPrefix(c.Names[0], "/")
			return plan.PortOwner{Name: "the container " + name, End: "docker stop " + name}, true
		}
	}
	return plan.PortOwner{}, false
}
