package api

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// flowWindow is the period over which the transfer rate is measured. It is
	// longer than the longest photo observed (75 s), during which a server's
	// event loop transfers nothing for other requests.
	flowWindow = 2 * time.Minute
	// floorRate is the minimum transfer rate, in bytes per second.
	floorRate = 1 << 10
)

// Stalled is a transfer that was given up because it was too slow.
type Stalled struct {
	What  string // such as "the upload"
	Moved int64  // bytes in total
	Over  time.Duration
}

func (s *Stalled) Error() string {
	return fmt.Sprintf("%s stalled: less than %d bytes/s for %s (%d bytes in total)", s.What, floorRate, s.Over, s.Moved)
}

// flow counts the bytes of one transfer. The zero value is a transfer that has
// not started.
type flow struct {
	moved  atomic.Int64
	active atomic.Bool // bytes are expected
}

// reader counts the bytes read from r.
func (f *flow) reader(r io.Reader) io.Reader { return &flowReader{r, f} }

type flowReader struct {
	io.Reader
	flow *flow
}

func (r *flowReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.flow.moved.Add(int64(n))
	return n, err
}

// guard returns a context that ends when an active flow falls below floorRate.
// Time during which the server processes a photo of ours does not count: it may
// not transfer anything then.
func (c *Client) guard(ctx context.Context, f *flow, what string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(c.flowWindow / 20)
		defer ticker.Stop()
		moved, since := int64(0), time.Now()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := f.moved.Load()
			switch {
			case !f.active.Load() || c.working.Load() > 0:
			case time.Since(since) < c.flowWindow:
				continue
			case now-moved < int64(floorRate*c.flowWindow.Seconds()):
				cancel(&Stalled{what, now, c.flowWindow})
				return
			}
			moved, since = now, time.Now()
		}
	}()
	return ctx, func() { cancel(nil) }
}

// because returns the reason a guarded context ended, if that is what caused
// err, and err otherwise.
func because(ctx context.Context, err error) error {
	if stalled, ok := context.Cause(ctx).(*Stalled); ok && err != nil {
		return stalled
	}
	return err
}
