package trial

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/verify"
)

// Bounds limit how long observations may take.
type Bounds struct {
	Usual    time.Duration // until the server is ready, for estimates
	Patience time.Duration // for the server to get ready
	// Watch and WatchMax are the minimum and maximum time to wait for a cleanup
	// while the server is running.
	Watch, WatchMax time.Duration
	// CPUs are the CPU limits of the measured starts, Busy is how long the server
	// is then kept busy, and Probe is the interval of its health check.
	CPUs        []float64
	Busy, Probe time.Duration
}

// run makes the observations of one image.
type run struct {
	*Daemon
	container plan.Container
	bounds    Bounds
	network   change // the network with which the server gets ready
	seen      verify.Observations

	cpus   int   // the daemon's
	memory int64 // the daemon's, in bytes
	image  image.InspectResponse
	python string        // the path of the image's Python, or empty
	photo  time.Duration // the time for one photo
	ready  time.Duration // the time for a start
	steps  []step        // the remaining steps
	total  int           // how many steps there are
	watch  *watch
}

// step is an observation in a fresh container.
type step struct {
	text string
	do   func(context.Context)
	cost func() time.Duration // an estimate
}

// Observe runs the image several times, each time in a fresh container, and
// returns what was seen. Everything is removed when it returns. The only error is
// an interruption: any other problem is an observation.
func (d *Daemon) Observe(ctx context.Context, c plan.Container, b Bounds) (verify.Observations, error) {
	observing := *d
	r := &run{Daemon: &observing, container: c, bounds: b, network: offline, ready: b.Usual, photo: usualPhoto}
	if err := r.survey(ctx); err != nil {
		return verify.Observations{Why: err.Error()}, ctx.Err()
	}
	d.sweep(ctx)
	r.steps = r.allSteps()
	r.total = len(r.steps)
	defer r.endWatch(ctx)
	for len(r.steps) > 0 && ctx.Err() == nil {
		s := r.steps[0]
		r.say(s.text)
		s.do(ctx)
		r.steps = r.steps[1:]
		if !r.seen.Ran {
			break
		}
	}
	r.endWatch(ctx)
	return r.seen, ctx.Err()
}

// survey asks the daemon for facts that all observations need.
func (r *run) survey(ctx context.Context) error {
	version, err := r.Docker.ServerVersion(ctx)
	if err != nil {
		return err
	}
	info, err := r.Docker.Info(ctx)
	if err != nil {
		return err
	}
	r.image, err = r.Docker.ImageInspect(ctx, r.container.Image.Reference)
	if err != nil {
		return err
	}
	// Loaded now, the helper delays no observation.
	if r.helper, err = r.Images.EnsureLite(ctx, version.Arch); err != nil {
		return err
	}
	r.cpus, r.memory = info.NCPU, info.MemTotal
	r.seen.Emulated = r.image.Architecture != "" && r.image.Architecture != version.Arch
	return nil
}

const (
	usualPhoto = 2 * time.Second
	// overhead is the time to create and remove containers.
	overhead = 2 * time.Second
)

// allSteps lists the observations in their order. Those that need a ready server
// are skipped if it does not get ready.
func (r *run) allSteps() []step {
	steps := []step{
		{"starting it without a network", r.start, func() time.Duration { return r.ready + 3*r.photo }},
		{"importing its libraries", r.libraries, func() time.Duration { return 5 * time.Second }},
		{"trying its API key and its cleanup of old files", r.needsReady(r.keyAndFiles),
			func() time.Duration { return r.ready + 2*r.photo }},
		{"sending it 2 and 4 photos at once", r.needsReady(r.together),
			func() time.Duration { return r.ready + 10*r.photo }},
	}
	for _, n := range r.limits() {
		slower := max(1, min(2, float64(r.cpus))/n)
		steps = append(steps, step{fmt.Sprintf("starting it with %g CPU", n),
			r.needsReady(func(ctx context.Context) { r.window(ctx, n) }),
			func() time.Duration {
				return time.Duration(slower*float64(r.ready)) + max(r.bounds.Busy, time.Duration(slower*float64(r.photo)))
			}})
	}
	return append(steps, step{"waiting for its cleanup of old files", r.endWatch, func() time.Duration { return 0 }})
}

func (r *run) needsReady(do func(context.Context)) func(context.Context) {
	return func(ctx context.Context) {
		if r.seen.Start != nil && r.seen.Start.Ready {
			do(ctx)
		}
	}
}

// limits returns the CPU limits possible on the daemon's machine: none for an
// emulated image, whose times are meaningless.
func (r *run) limits() (list []float64) {
	for _, n := range r.bounds.CPUs {
		if n <= float64(r.cpus) && !r.seen.Emulated {
			list = append(list, n)
		}
	}
	return list
}

// say reports a step, its number out of the total, and the estimated time
// remaining.
func (r *run) say(text string) {
	if r.Say == nil {
		return
	}
	var left time.Duration
	for _, s := range r.steps {
		left += s.cost() + overhead
	}
	left = max(left, r.watch.left())
	r.Say("%s (%d of %d, about %s left)", text, r.total-len(r.steps)+1, r.total, format.Duration(roughly(left)))
}

// roughly rounds an estimate up to a realistic precision.
func roughly(d time.Duration) time.Duration {
	unit := 10 * time.Second
	if d > 2*time.Minute {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

func offline(_ *container.Config, host *container.HostConfig) { host.NetworkMode = "none" }
func online(*container.Config, *container.HostConfig)         {}

// bare disables the init process that forwards signals, as with `docker run`.
func bare(_ *container.Config, host *container.HostConfig) { host.Init = nil }
