package api

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// flowWindow is how long bytes are counted before they are held against
	// floorRate. It is longer than servers were seen to be deaf over a photo
	// (75 s), during which their event loop moves no bytes of others.
	flowWindow = 2 * time.Minute
	// floorRate is the least that a transfer must bring, in bytes a second.
	floorRate = 1 << 10
)

// Stalled is a transfer that brought too little to be waited for.
type Stalled struct {
	What  string // as "the upload"
	Moved int64  // bytes in all
	Over  time.Duration
}

func (s *Stalled) Error() string {
	return fmt.Sprintf("%s stalled: less than %d bytes a second for %s, %d bytes in all", s.What, floorRate, s.Over, s.Moved)
}

// flow counts what moves of one transfer. The zero value is one that has yet
// to begin.
type flow struct {
	moved  atomic.Int64
	active atomic.Bool // bytes are expected
}

// reader counts what is read through it.
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

// guard gives a context that ends when the flow is active and falls below the
// floor. While the server works on a photo it may move nothing, which counts
// for no one.
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

// because is the reason for which a guarded context ended, where that is why
// err came about.
func because(ctx context.Context, err error) error {
	if stalled, ok := context.Cause(ctx).(*Stalled); ok && err != nil {
		return stalled
	}
	return err
}
