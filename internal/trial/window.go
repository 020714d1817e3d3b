package trial

import (
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/observe"
	"github.com/djok/facecraft/internal/verify"
)

// window measures a start with n CPUs, and how the image's own health check
// behaves meanwhile.
func (r *run) window(ctx context.Context, n float64) {
	limit := func(config *container.Config, host *container.HostConfig) {
		host.NanoCPUs = int64(n * 1e9)
		// The rest comes from the image, whose own interval is too long to see
		// much.
		config.Healthcheck = &container.HealthConfig{Interval: r.bounds.Probe}
	}
	s, err := r.newServer(ctx, r.container, r.network, limit)
	if err != nil {
		return
	}
	defer s.remove()
	if err := s.start(ctx); err != nil {
		return
	}
	log := s.followHealth(ctx, r.bounds.Probe)
	seen, err := s.ask(ctx, observe.Order{Patience: r.bounds.Patience, Busy: r.bounds.Busy})
	entries := log.end()
	if err != nil {
		return
	}
	w := verify.Window{CPUs: n, Ready: seen.Ready, After: seen.ReadyAt.Sub(s.startedAt(ctx)), Silent: seen.Silent}
	if !seen.Ready {
		w.After = r.bounds.Patience
	}
	w.Probes = probes(entries, seen.ReadyAt)
	r.seen.Windows = append(r.seen.Windows, w)
}

// healthLog collects a container's State.Health.Log, of which the daemon keeps
// the last five entries.
type healthLog struct {
	cancel  context.CancelFunc
	entries chan []*container.HealthcheckResult
}

func (s *server) followHealth(ctx context.Context, interval time.Duration) *healthLog {
	ctx, cancel := context.WithCancel(ctx)
	l := &healthLog{cancel, make(chan []*container.HealthcheckResult, 1)}
	go func() {
		var list []*container.HealthcheckResult
		for ctx.Err() == nil {
			list = append(list, s.healthSince(ctx, list)...)
			select {
			case <-ctx.Done():
			case <-time.After(interval):
			}
		}
		l.entries <- append(list, s.healthSince(context.WithoutCancel(ctx), list)...)
	}()
	return l
}

// healthSince returns the entries after the known ones.
func (s *server) healthSince(ctx context.Context, known []*container.HealthcheckResult) []*container.HealthcheckResult {
	ctx, cancel := context.WithTimeout(ctx, containers.CleanupTimeout)
	defer cancel()
	inspected, err := s.Docker.ContainerInspect(ctx, s.id)
	if err != nil || inspected.State == nil || inspected.State.Health == nil {
		return nil
	}
	var list []*container.HealthcheckResult
	for _, entry := range inspected.State.Health.Log {
		if len(known) == 0 || entry.Start.After(known[len(known)-1].Start) {
			list = append(list, entry)
		}
	}
	return list
}

func (l *healthLog) end() []*container.HealthcheckResult {
	l.cancel()
	return <-l.entries
}

// probes sums up the health checks that began when the server was ready.
func probes(entries []*container.HealthcheckResult, ready time.Time) *verify.Probes {
	p := &verify.Probes{}
	var failing time.Time // since this time
	for _, e := range entries {
		if ready.IsZero() || e.Start.Before(ready) {
			continue
		}
		p.Count++
		if e.ExitCode == 0 {
			p.Passed++
			failing = time.Time{}
			continue
		}
		if failing.IsZero() {
			failing = e.Start
		}
		p.Failing = max(p.Failing, e.End.Sub(failing))
		if took := e.End.Sub(e.Start); p.Took == 0 || took < p.Took {
			p.Took = took
		}
		p.Output = strings.Join(strings.Fields(e.Output), " ")
	}
	if p.Count == 0 {
		return nil
	}
	return p
}
