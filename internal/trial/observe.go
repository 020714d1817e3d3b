package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/observe"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/verify"
)

// Bounds are how long observations may take.
type Bounds struct {
	Patience time.Duration // for a server to get ready
	Watch    time.Duration // for a clean-up while the server runs
	// CPUs are the limits under which starts are measured.
	CPUs []float64
}

// run is one image's observations.
type run struct {
	*Daemon
	container plan.Container
	bounds    Bounds
	network   change // with which the server gets ready
	seen      verify.Observations
}

// Observe runs the image several times, each time in a fresh container, and
// tells what was seen. All of it is gone when Observe returns. The error is
// only that of an interruption: what goes wrong is an observation.
func (d *Daemon) Observe(ctx context.Context, c plan.Container, b Bounds) (verify.Observations, error) {
	version, err := d.Docker.ServerVersion(ctx)
	if err != nil {
		return verify.Observations{Why: err.Error()}, ctx.Err()
	}
	observing := *d
	observing.arch = version.Arch
	r := &run{Daemon: &observing, container: c, bounds: b, network: offline}
	r.start(ctx)
	if r.seen.Ran && r.seen.Start.Ready {
		r.together(ctx)
		r.keyAndFiles(ctx)
		r.windows(ctx)
	}
	return r.seen, ctx.Err()
}

func offline(_ *container.Config, host *container.HostConfig) { host.NetworkMode = "none" }
func online(*container.Config, *container.HostConfig)         {}

// bare has no process that passes signals on, as with docker run.
func bare(_ *container.Config, host *container.HostConfig) { host.Init = nil }

// start is the first start, without a network, and the first photos. What does
// not get ready so is tried with a network.
func (r *run) start(ctx context.Context) {
	r.say("starting it without a network")
	seen, log, ok := r.first(ctx, offline)
	if !ok {
		return
	}
	r.seen.Offline = &verify.Offline{Ready: seen.Ready, Problem: seen.Problem, Log: downloads(log)}
	if len(seen.Photos) > 0 {
		r.seen.Offline.Portrait = seen.Photos[0].Portrait
		r.seen.Offline.Problem = seen.Photos[0].Answer
	}
	if !seen.Ready && ctx.Err() == nil {
		r.say("starting it with a network")
		r.network = online
		if seen, _, ok = r.first(ctx, online); !ok {
			return
		}
	}
	r.told(seen)
}

// first starts a server, looks at it, and ends it.
func (r *run) first(ctx context.Context, network change) (seen observe.Seen, log []string, ok bool) {
	s, err := r.newServer(ctx, r.container, network, bare)
	if err == nil {
		defer s.remove()
		err = s.start(ctx)
	}
	if err != nil {
		r.seen.Why = "it cannot be started here: " + err.Error()
		return seen, nil, false
	}
	seen, err = s.ask(ctx, observe.Order{Patience: r.bounds.Patience, Who: true, Write: targets(r.container), Photos: 3, Stranger: true})
	log = s.log(ctx, s.id)
	switch {
	case errors.Is(err, errEnded):
		seen = observe.Seen{Problem: "the server ended: " + s.lastWords(ctx, s.id)}
	case err != nil:
		r.seen.Why = err.Error()
		return seen, log, false
	}
	r.seen.Ran = true
	r.seen.Start = &verify.Start{Ready: seen.Ready, After: seen.ReadyAt.Sub(s.startedAt(ctx)), Early: seen.Early, Problem: seen.Problem,
		Log: log[max(0, len(log)-5):]}
	if seen.Ready {
		if after, killed, err := s.stop(ctx); err == nil {
			r.seen.Stop = &verify.Stop{After: after, Killed: killed}
		}
	}
	return seen, log, true
}

// told keeps what the first look saw beside the start.
func (r *run) told(seen observe.Seen) {
	if !seen.Ready {
		return
	}
	r.seen.Identity = &verify.Identity{UID: seen.UID, Unwritable: seen.Cannot}
	if len(seen.Photos) == 3 {
		p := verify.Photos{First: seen.Photos[0].Took, Third: seen.Photos[2].Took, CPUs: runtime.NumCPU()}
		for _, photo := range seen.Photos {
			p.Problem = cmp.Or(p.Problem, photo.Answer)
		}
		r.seen.Photos = &p
	}
	if seen.CORS != nil {
		r.seen.CORS = &verify.CORS{Echoed: seen.CORS.Origin == "*" || strings.Contains(seen.CORS.Origin, "stranger"),
			Credentials: seen.CORS.Credentials == "true",
			Answer:      fmt.Sprintf("access-control-allow-origin: %s, -credentials: %s", seen.CORS.Origin, seen.CORS.Credentials)}
	}
	r.seen.GPU = &verify.GPU{Present: r.container.GPUs != nil, Device: seen.Device}
}

var download = regexp.MustCompile(`(?i)download|name or service not known|temporary failure in name resolution|urlerror|max retries exceeded|connection refused|no such host`)

// downloads are the lines of a log that speak of one.
func downloads(log []string) []string {
	return slices.DeleteFunc(slices.Clone(log), func(line string) bool { return !download.MatchString(line) })
}

func targets(c plan.Container) (list []string) {
	for _, v := range c.Volumes {
		list = append(list, v.Target)
	}
	return list
}

// look starts a fresh server, prepared where that is needed, and asks about
// it. It tells after what time the server was ready.
func (r *run) look(ctx context.Context, doing string, order observe.Order, prepare func(*server), changes ...change) (seen observe.Seen, after time.Duration, err error) {
	if ctx.Err() != nil {
		return seen, 0, ctx.Err()
	}
	r.say("%s", doing)
	s, err := r.newServer(ctx, r.container, append([]change{r.network}, changes...)...)
	if err != nil {
		return seen, 0, err
	}
	defer s.remove()
	if prepare != nil {
		prepare(s)
	}
	if err := s.start(ctx); err != nil {
		return seen, 0, err
	}
	seen, err = s.ask(ctx, order)
	return seen, seen.ReadyAt.Sub(s.startedAt(ctx)), err
}

// together sends photos at once.
func (r *run) together(ctx context.Context) {
	seen, _, err := r.look(ctx, "sending it 2 and 4 photos at once", observe.Order{Patience: r.bounds.Patience, Bursts: []int{2, 4}}, nil)
	if errors.Is(err, errEnded) {
		r.seen.Bursts = []verify.Burst{{N: 4, Died: true}}
		return
	}
	for _, b := range seen.Bursts {
		r.seen.Bursts = append(r.seen.Bursts, verify.Burst{N: b.N, Failed: b.Failed, Different: b.Different, Died: b.Silent})
	}
}

// keyAndFiles starts a server with a key, and with old files in its volumes.
func (r *run) keyAndFiles(ctx context.Context) {
	with := func(config *container.Config, _ *container.HostConfig) {
		config.Env = append(config.Env, "FACECRAFT_API_KEY=verify-"+r.Instance, "FACECRAFT_CLEANUP_AGE_HOURS=1")
	}
	seeded := false
	prepare := func(s *server) {
		made, err := s.ask(ctx, observe.Order{Seed: targets(r.container)})
		seeded = err == nil && len(made.Cannot) == 0 && len(targets(r.container)) > 0
	}
	order := observe.Order{Patience: r.bounds.Patience, NoKey: true, Gone: targets(r.container), Watch: r.bounds.Watch}
	seen, _, err := r.look(ctx, "trying its key, and its clean-up of old files", order, prepare, with)
	if err != nil || !seen.Ready {
		return
	}
	if seen.NoKey != 0 {
		r.seen.Key = &verify.Key{Status: seen.NoKey}
	}
	if seeded {
		r.seen.Cleanup = &verify.Cleanup{Deleted: seen.Gone, EmptyDirs: seen.Empty, Periodically: seen.Later, Waited: r.bounds.Watch}
	}
}

// windows measures starts with few processors.
func (r *run) windows(ctx context.Context) {
	for _, n := range r.bounds.CPUs {
		limit := func(_ *container.Config, host *container.HostConfig) { host.NanoCPUs = int64(n * 1e9) }
		if n > float64(runtime.NumCPU()) {
			continue
		}
		seen, after, err := r.look(ctx, fmt.Sprintf("starting it with %g CPU", n), observe.Order{Patience: r.bounds.Patience, Busy: true}, nil, limit)
		if err != nil {
			continue
		}
		if !seen.Ready {
			after = r.bounds.Patience
		}
		r.seen.Windows = append(r.seen.Windows, verify.Window{CPUs: n, Ready: seen.Ready, After: after, Silent: seen.Silent})
	}
}

func (r *run) say(format string, args ...any) {
	if r.Say != nil {
		r.Say(format, args...)
	}
}
