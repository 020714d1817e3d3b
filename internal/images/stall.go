package images

import (
	"context"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/registry"
)

// watched has the daemon pull, and fails if it reports nothing new for stall, unless
// it is unpacking. each processes a message, and returns whether it is.
func (p *pulling) watched(ctx context.Context, from string, stall time.Duration,
	each func(jsonmessage.JSONMessage) (unpacking bool)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(stalled(stall)) })
	defer watchdog.Stop()
	last := said{}
	err := p.stream(ctx, from, func(m jsonmessage.JSONMessage) {
		switch news := last.news(m); {
		case each(m):
			watchdog.Stop() // the disk may take its time
		case news:
			watchdog.Reset(stall)
		}
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

func stalled(limit time.Duration) error { return registry.Stalled("for " + limit.String()) }

// said is the daemon's last message about each layer.
type said map[string]saying

type saying struct {
	status  string
	current int64
}

// news reports whether a message differs from the last one about its layer. A
// containerd store reports on every layer each 100 ms, whether data arrives or not.
// (moby, daemon/containerd/progress.go)
func (s said) news(m jsonmessage.JSONMessage) bool {
	now := saying{status: m.Status}
	if m.Progress != nil {
		now.current = m.Progress.Current
	}
	last, known := s[m.ID]
	s[m.ID] = now
	return !known || now != last
}
