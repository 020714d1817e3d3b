package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"

	"github.com/djok/facecraft/internal/observe"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/verify"
)

// start observes the first start, without a network, and the first photos. If
// there is no portrait, it starts the server again with a network.
func (r *run) start(ctx context.Context) {
	seen, log, ok := r.first(ctx, offline)
	if !ok {
		return
	}
	o := &verify.Offline{Ready: seen.Ready, Portrait: portrait(seen), Problem: seen.Problem, Log: downloads(log)}
	if len(seen.Photos) > 0 {
		o.Problem = seen.Photos[0].Answer
	}
	r.seen.Offline = o
	if !o.Portrait && ctx.Err() == nil {
		r.say("starting it with a network")
		r.network = online
		if seen, _, ok = r.first(ctx, online); !ok {
			return
		}
		o.Online = portrait(seen)
	}
	r.told(seen)
}

func portrait(seen observe.Seen) bool { return len(seen.Photos) > 0 && seen.Photos[0].Portrait }

// first starts a server, observes it, and stops it.
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
	seen, err = s.ask(ctx, observe.Order{Patience: r.bounds.Patience, Who: true, Write: targets(r.container),
		Photos: 3, Memory: true})
	log = s.log(ctx, s.id)
	r.python = r.findPython(ctx, s, runningPython(seen.Processes))
	switch {
	case errors.Is(err, errEnded):
		seen = observe.Seen{Problem: "the server ended: " + s.lastWords(ctx, s.id)}
	case err != nil:
		r.seen.Why = err.Error()
		return seen, log, false
	}
	r.seen.Ran = true
	r.seen.Start = &verify.Start{Ready: seen.Ready, After: seen.ReadyAt.Sub(s.startedAt(ctx)), Early: seen.Early,
		Problem: seen.Problem, Log: log[max(0, len(log)-5):]}
	if seen.Ready {
		if after, killed, err := s.stop(ctx); err == nil {
			r.seen.Stop = &verify.Stop{After: after, Killed: killed}
		}
	}
	return seen, log, true
}

// told records what a first start showed beyond the start itself.
func (r *run) told(seen observe.Seen) {
	if !seen.Ready {
		return
	}
	r.ready = r.seen.Start.After
	r.seen.Identity = &verify.Identity{UID: seen.UID, Unwritable: seen.Cannot}
	if len(seen.Photos) == 3 {
		p := verify.Photos{First: seen.Photos[0].Took, Third: seen.Photos[2].Took, CPUs: r.cpus}
		for _, photo := range seen.Photos {
			p.Problem = cmp.Or(p.Problem, photo.Answer)
		}
		r.seen.Photos, r.photo = &p, p.Third
	}
	r.seen.GPU = &verify.GPU{Present: r.container.GPUs != nil, Device: seen.Device}
	r.seen.Memory = memoryOf(seen.Processes, r.container.MemoryLimit)
}

func memoryOf(list []observe.Process, limit int64) *verify.Memory {
	m := &verify.Memory{Limit: limit}
	for _, p := range list {
		m.Processes = append(m.Processes, p.Private)
		m.Total += p.Total
	}
	return m
}

// runningPython returns the Python that runs the server: its largest process.
func runningPython(list []observe.Process) string {
	if len(list) > 0 && pythonName.MatchString(path.Base(list[0].Command)) {
		return list[0].Command
	}
	return ""
}

var download = regexp.MustCompile(`(?i)download|name or service not known|temporary failure in name resolution|` +
	`urlerror|max retries exceeded|connection refused|no such host`)

// downloads returns the lines of a log that mention a download.
func downloads(log []string) []string {
	return slices.DeleteFunc(slices.Clone(log), func(line string) bool { return !download.MatchString(line) })
}

func targets(c plan.Container) (list []string) {
	for _, v := range c.Volumes {
		list = append(list, v.Target)
	}
	return list
}

// look starts a fresh server and observes it.
func (r *run) look(ctx context.Context, order observe.Order, changes ...change) (seen observe.Seen, err error) {
	s, err := r.newServer(ctx, r.container, append([]change{r.network}, changes...)...)
	if err != nil {
		return seen, err
	}
	defer s.remove()
	if err := s.start(ctx); err != nil {
		return seen, err
	}
	return s.ask(ctx, order)
}

// together sends photos at once, and requests as another website. The
// launcher's own limit for websites does not apply: the image is judged by its
// default.
func (r *run) together(ctx context.Context) {
	order := observe.Order{Patience: r.bounds.Patience, Bursts: []int{2, 4}, Stranger: true}
	seen, err := r.look(ctx, order, without(originsVariable))
	if errors.Is(err, errEnded) {
		r.seen.Bursts = []verify.Burst{{N: 4, Died: true}}
		return
	}
	for _, b := range seen.Bursts {
		r.seen.Bursts = append(r.seen.Bursts,
			verify.Burst{N: b.N, Alone: b.Alone, Failed: b.Failed, Different: b.Different, Died: b.Silent})
	}
	if c := seen.CORS; c != nil {
		r.seen.CORS = &verify.CORS{Echoed: c.Allowed(), Credentials: c.Credentials == "true",
			Answer: fmt.Sprintf("access-control-allow-origin: %s, -credentials: %s", c.Origin, c.Credentials)}
	}
}
