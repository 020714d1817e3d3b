package cli

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/run"
)

// session is a command's work with one daemon.
type session struct {
	app    *app
	engine *engine.Engine // nil where no daemon was reached
	*run.Runner
	images *images.Store
	// freeDisk is how many bytes are free where the daemon keeps its images.
	freeDisk func(context.Context) (int64, error)
	// processors are the servers that photos are given to, by their URL.
	processors map[string]run.Server
}

// connect reaches the daemon. The caller closes the session.
func (a *app) connect(ctx context.Context) (*session, error) {
	docker, err := engine.Connect(ctx, engine.Env{Getenv: a.Getenv, LookPath: exec.LookPath, OS: runtime.GOOS,
		Install: plan.Host{Distro: detect.Distribution("/")}.InstallDocker(),
		Warn:    func(note string) { a.ui.Warn("%s", note) }})
	if err != nil {
		return nil, err
	}
	store := &images.Store{Docker: docker, Helper: helper.New, Instance: a.instance()}
	helpers := &helper.Containers{Docker: docker, Instance: a.instance(), Image: store.EnsureLite, Unfinished: a.unfinished}
	runner := &run.Runner{Docker: docker, Helpers: helpers, Instance: a.instance(), Version: a.Version,
		Remote: !docker.Endpoint.Local(), Report: a.report, Unfinished: a.unfinished}
	return &session{app: a, engine: docker, Runner: runner, images: store, freeDisk: helpers.FreeDisk}, nil
}

// connectIfPossible is for commands that only describe: without a daemon they
// go on with what they can see.
func (a *app) connectIfPossible(ctx context.Context) (*session, error) {
	s, err := a.connect(ctx)
	if err != nil && ctx.Err() == nil {
		a.ui.Warn("%v", err)
		return &session{app: a}, nil
	}
	return s, err
}

// instance is the name under which this program's containers are known. Tests
// and second servers have one of their own.
func (a *app) instance() string {
	return a.getenvOr("FACECRAFT_INSTANCE", plan.DefaultInstance)
}

func (s *session) close() {
	if s.engine != nil {
		s.engine.Close()
	}
}

// decide looks at the machine and makes the plan.
func (s *session) decide(ctx context.Context, request plan.Request) (plan.Plan, error) {
	return s.decideWithout(ctx, request, nil)
}

// decideWithout is decide for a machine on which further ports turned out to
// be taken.
func (s *session) decideWithout(ctx context.Context, request plan.Request, taken []int) (plan.Plan, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return plan.Plan{}, err
	}
	ports, err := s.foreignPorts(ctx, request.CandidatePorts())
	if err != nil {
		return plan.Plan{}, err
	}
	facts := s.probes().Facts(ctx, detect.Look{Ports: ports, GPUs: request.GPUs, Inside: whenInside(request, catalogue)})
	if ctx.Err() != nil {
		return plan.Plan{}, ctx.Err()
	}
	facts.BusyPorts.Value = append(facts.BusyPorts.Value, taken...)
	facts.PortOwners = s.portOwners(ctx, facts.BusyPorts.Value)
	facts.Caller = s.app.caller()
	p, err := plan.Make(facts, catalogue, request)
	if err != nil {
		return p, err
	}
	s.measure(ctx, &p)
	return p, s.app.checkVariables(p)
}

// measure puts the size of an image that is available locally in place of what
// the catalogue knows of the published one.
func (s *session) measure(ctx context.Context, p *plan.Plan) {
	image := p.First().Image
	if s.engine == nil || image.BuiltIn {
		return
	}
	if local, err := s.images.Inspect(ctx, image.Reference); err == nil && local.Here {
		p.Needs.UnpackedSize = local.Size
	}
}

// portOwners finds out who has the busy ports: a container, or a process of
// this machine.
func (s *session) portOwners(ctx context.Context, ports []int) map[int]plan.PortOwner {
	owners := map[int]plan.PortOwner{}
	for _, port := range ports {
		if s.engine != nil {
			if owner, ok := s.PortContainer(ctx, port); ok {
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

// whenInside spares the helper container where no choice hangs on it.
func whenInside(request plan.Request, catalogue plan.Catalogue) detect.Inside {
	switch {
	case request.WantsGPU(catalogue):
		return detect.GPUPossible
	case request.Tag == "" || request.Tag == plan.Auto:
		return detect.GPUSeen
	}
	return detect.Never
}

func (s *session) probes() detect.Probes {
	probes := detect.Probes{
		OS:            runtime.GOOS,
		Arch:          runtime.GOARCH,
		Root:          "/",
		Run:           detect.Run,
		LiteReference: liteReference,
		HostMemory:    detect.HostMemory,
		GraphicsCards: detect.GraphicsCards,
		FreeDisk:      inside.FreeDisk,
		Listening:     detect.Listening,
	}
	if s.engine != nil {
		probes.Daemon, probes.Endpoint, probes.Local = s.engine, s.engine.Endpoint.Host, s.engine.Endpoint.Local()
		probes.Inside = s.Helpers.Look
	}
	return probes
}

// foreignPorts leaves out the ports of this program's own servers: a plan
// describes the server that takes their place, not one beside them.
func (s *session) foreignPorts(ctx context.Context, ports []int) ([]int, error) {
	if s.engine == nil {
		return ports, nil
	}
	servers, err := s.Servers(ctx)
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		if server.Died() {
			continue // whoever has its port by now
		}
		own := s.ConfiguredPort(ctx, server)
		ports = slices.DeleteFunc(ports, func(port int) bool { return port == own })
	}
	return ports, nil
}

func liteReference(arch string) (string, error) {
	h, err := helper.New(arch)
	if err != nil {
		return "", err
	}
	return h.Reference(), nil
}

// report shows the runner's progress.
func (a *app) report(e progress.Event) {
	switch e.Stage {
	case progress.Pulling:
		a.ui.ProgressBar(e.Done, e.Total, "%s", downloading(e))
	case progress.Unpacking:
		a.ui.ProgressBar(e.Done, e.Total, "unpacking %s", e.Subject)
	case progress.Retrying:
		a.ui.Warn("%s; trying again in %s", e.Subject, e.Left)
	case progress.Kept:
		a.ui.Say("%s of it are kept for the next try; docker rmi %s gives them up", plan.Size(e.Done), e.Subject)
	case progress.Loading:
		a.ui.Progress("loading %s", e.Subject)
	case progress.Starting:
		a.ui.Progress("starting the container %s", e.Subject)
	case progress.Unproven:
		a.ui.Warn("whether the server can write to its files is not known: %s", e.Subject)
	case progress.Died:
		a.ui.Warn("%s\nit is started again", e.Subject)
	case progress.Waiting:
		usually := ""
		if e.Total > 0 {
			usually = fmt.Sprintf(", usually about %d", e.Total)
		}
		a.ui.Progress("%d s%s: %s", e.Done, usually, waitingFor(e.Subject))
	}
}

// waitingFor is what the server does, as far as its log tells.
func waitingFor(line string) string {
	if line == "" {
		return "waiting until the server is ready"
	}
	return line
}

// downloading describes a pull in as many words as are known.
func downloading(e progress.Event) string {
	text := "downloading " + e.Subject
	if e.Total > 0 {
		text = fmt.Sprintf("downloading %s of %s", plan.Size(e.Done), plan.Size(e.Total))
	}
	if e.Rate > 0 {
		text += fmt.Sprintf(", %s/s", plan.Size(e.Rate))
	}
	if e.Left > 0 {
		text += fmt.Sprintf(", %s left", shortly(e.Left))
	}
	return text
}

// shortly writes a time as people say it: 6h for 6h0m0s, no seconds of hours.
func shortly(d time.Duration) string {
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
