package launch

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
)

// Decide examines the machine and makes the plan.
func (l *Launcher) Decide(ctx context.Context, request plan.Request) (plan.Plan, error) {
	return l.decideWithout(ctx, request, nil)
}

// decideWithout is Decide for a machine on which more ports turned out to be
// taken.
func (l *Launcher) decideWithout(ctx context.Context, request plan.Request, taken []int) (plan.Plan, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return plan.Plan{}, err
	}
	ports, err := l.portsOfOthers(ctx, request.CandidatePorts())
	if err != nil {
		return plan.Plan{}, err
	}
	facts := l.Probes().Facts(ctx, detect.Scope{Ports: ports, GPUs: request.GPUs, Helper: helperUse(request, catalogue)})
	if ctx.Err() != nil {
		return plan.Plan{}, ctx.Err()
	}
	facts.BusyPorts.Value = append(facts.BusyPorts.Value, taken...)
	facts.PortOwners = l.portOwners(ctx, facts.BusyPorts.Value)
	facts.Caller = l.Caller
	p, err := plan.Make(facts, catalogue, request)
	if err != nil {
		return p, err
	}
	l.measure(ctx, &p)
	return p, l.checkVariables(p)
}

// measure replaces the catalogue's size of the published image with that of the
// local image, if there is one.
func (l *Launcher) measure(ctx context.Context, p *plan.Plan) {
	image := p.First().Image
	if l.Engine == nil || image.BuiltIn {
		return
	}
	if local, err := l.Images.Inspect(ctx, image.Reference); err == nil && local.Here {
		p.Needs.UnpackedSize = local.Size
	}
}

// portOwners finds out who uses the busy ports: a container, or a process on
// this machine.
func (l *Launcher) portOwners(ctx context.Context, ports []int) map[int]plan.PortOwner {
	owners := map[int]plan.PortOwner{}
	for _, port := range ports {
		if l.Engine != nil {
			if owner, ok := l.Servers.PortContainer(ctx, port); ok {
				owners[port] = owner
				continue
			}
		}
		if name, pid, ok := detect.PortProcess("/", port); ok {
			owners[port] = plan.PortOwner{Name: fmt.Sprintf("%s (process %d)", name, pid), End: fmt.Sprintf("kill %d", pid)}
		}
	}
	return owners
}

// helperUse avoids the helper container if no choice depends on it.
func helperUse(request plan.Request, catalogue plan.Catalogue) detect.HelperUse {
	switch {
	case request.WantsGPU(catalogue):
		return detect.GPUPossible
	case request.Tag == "" || request.Tag == plan.Auto:
		return detect.GPUSeen
	}
	return detect.Never
}

func (l *Launcher) Probes() detect.Probes {
	probes := detect.Probes{
		OS:            runtime.GOOS,
		Arch:          runtime.GOARCH,
		Root:          "/",
		Run:           detect.Run,
		LiteReference: LiteReference,
		HostMemory:    detect.HostMemory,
		GraphicsCards: detect.GraphicsCards,
		FreeDisk:      helpercmd.FreeDisk,
		Listening:     detect.Listening,
	}
	if l.Engine != nil {
		probes.Daemon, probes.Endpoint, probes.Local = l.Engine, l.Engine.Endpoint.Host, l.Engine.Endpoint.Local()
		probes.AskHelper = l.Helpers.InspectMachine
	}
	return probes
}

// portsOfOthers leaves out the ports of this program's own servers: a plan
// describes the server that replaces them, not one beside them.
func (l *Launcher) portsOfOthers(ctx context.Context, ports []int) ([]int, error) {
	if l.Engine == nil {
		return ports, nil
	}
	servers, err := l.Servers.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		if server.Died() {
			continue // whoever has its port by now
		}
		own := l.Servers.ConfiguredPort(ctx, server)
		ports = slices.DeleteFunc(ports, func(port int) bool { return port == own })
	}
	return ports, nil
}

// LiteReference is the name of the built-in engine's image for an architecture.
func LiteReference(arch string) (string, error) {
	h, err := helper.New(arch)
	if err != nil {
		return "", err
	}
	return h.Reference(), nil
}

// checkVariables refuses values that the plan's image cannot work with: its
// server would fail after loading for a minute, or never become ready. Values of
// secrets are not shown.
func (l *Launcher) checkVariables(p plan.Plan) error {
	for _, env := range p.First().Env {
		if s := p.Setting(env.Name); s != nil && !s.Accepts(env.Value) {
			return outOfRange(*s, fmt.Sprintf("%s=%s", env.Name, term.Name(env.Value)))
		}
	}
	for _, secret := range p.First().Secrets {
		if s := p.Setting(secret.Name); s != nil && !s.Accepts(l.Secrets[secret.Name]) {
			return outOfRange(*s, "the value of "+secret.Name)
		}
	}
	return nil
}

func outOfRange(s plan.Setting, what string) error {
	return fault.New(fault.Usage, fmt.Sprintf("set %s to %s", s.Name, s.Range),
		"%s is out of range: the server would not work", what)
}
