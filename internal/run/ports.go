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

// ErrPortTaken is that the daemon could not publish a port that looked free.
var ErrPortTaken = errors.New("the port was taken in the last moment")

// portRefusals are the wordings with which daemons refuse a port that
// something else has.
var portRefusals = []string{
	"port is already allocated", // Docker Engine, for another container's port
	"address already in use",    // Docker Engine and Podman, for another program's
	"ports are not available",   // Docker Desktop
	"an attempt was made to access a socket in a way forbidden by its access permissions", // Windows, in its reserved ranges
	"only one usage of each socket address",                                               // Windows
}

// portForbidden are the wordings for ports that rootless daemons may not have.
var portForbidden = []string{"cannot expose privileged port", "permission denied while binding", "bind: permission denied"}

func says(err error, wordings []string) bool {
	text := strings.ToLower(err.Error())
	for _, wording := range wordings {
		if strings.Contains(text, wording) {
			return true
		}
	}
	return false
}

// portFault explains a start that failed at the port, or is nil.
func portFault(port int, err error) error {
	switch {
	case says(err, portForbidden):
		return fault.Wrap(fault.Failed, err, "choose a port from 1024 on with --port", "Docker may not use port %d", port)
	case says(err, portRefusals):
		return fault.Wrap(fault.Failed, errors.Join(ErrPortTaken, err), "run facecraft up again, or choose another with --port",
			"port %d cannot be had", port)
	}
	return nil
}

// ConfiguredPort is the port of the host that a server is to have, also while
// it starts or ends: its port is held then, and the list does not show it.
func (r *Runner) ConfiguredPort(ctx context.Context, s Server) int {
	if s.Port != 0 {
		return s.Port
	}
	inspect, err := r.Docker.ContainerInspect(ctx, s.ID)
	if err != nil {
		return 0 // it is gone in the meantime, and its port with it
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

// PortContainer names the container that publishes a port of the host. It
// looks through the list itself: Podman (4.3) has no filter for that.
func (r *Runner) PortContainer(ctx context.Context, port int) (plan.PortOwner, bool) {
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{})
	if err != nil {
		return plan.PortOwner{}, false // the owner is a courtesy
	}
	for _, c := range list {
		published := slices.ContainsFunc(c.Ports, func(p container.Port) bool { return int(p.PublicPort) == port && p.Type == "tcp" })
		if published && len(c.Names) > 0 {
			name := strings.TrimPrefix(c.Names[0], "/")
			return plan.PortOwner{Name: "the container " + name, End: "docker stop " + name}, true
		}
	}
	return plan.PortOwner{}, false
}
