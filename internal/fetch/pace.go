package fetch

import (
	"errors"
	"fmt"
	"time"
)

const (
	firstConnections = 4
	// growth is how much faster the download has to become by one more
	// connection.
	growth = 1.05
	// measure is how long a number of connections is tried.
	measure = 250 * time.Millisecond
	// settled is how long a number of connections is kept that one more did
	// not improve.
	settled = 5 * time.Second
)

// pace decides how many requests there may be, and when. It knows no clock, no
// network and no locks.
type pace struct {
	patience Patience
	most     int // connections

	limit int // connections, now
	// until is when requests may be made again after failures.
	until time.Time
	// failures happened in a row, without a byte between them; those of one
	// moment count as one.
	failures int
	failedAt time.Time
	received int64 // bytes, until the last failure

	tried     time.Time // since when the limit is what it is
	had       int64     // bytes, then
	rate      float64   // bytes a second before the last one was added
	grown     bool      // by the last one
	saturated bool      // one more did not help
}

func newPace(most int, patience Patience) *pace {
	return &pace{patience: patience, most: most, limit: min(firstConnections, most)}
}

// room tells whether one more request may be made.
func (p *pace) room(now time.Time, active int) bool {
	limit := p.limit
	if p.failures > 0 {
		limit = 1 // to see whether it works again
	}
	return active < limit && !now.Before(p.until)
}

// adapt adds a connection as long as that makes the download faster. It is
// told from time to time how many bytes there are in all.
func (p *pace) adapt(now time.Time, received int64, busy bool) {
	if received > p.received {
		p.failures = 0
	}
	wait := measure
	if p.saturated {
		wait = settled
	}
	if p.tried.IsZero() || !busy {
		p.begin(now, received)
		return
	}
	elapsed := now.Sub(p.tried)
	if elapsed < wait {
		return
	}
	rate, before := float64(received-p.had)/elapsed.Seconds(), p.limit
	switch {
	case p.saturated || rate > p.rate*growth:
		p.limit, p.saturated = min(p.limit+1, p.most), false
	case p.grown:
		p.limit, p.saturated = p.limit-1, true
	default:
		p.saturated = true
	}
	p.rate, p.grown = rate, p.limit > before
	p.begin(now, received)
}

func (p *pace) begin(now time.Time, received int64) { p.tried, p.had = now, received }

// failed takes a failure in of a request that was made at a time, and returns
// an error when it is one too many.
func (p *pace) failed(now, made time.Time, received int64, err error) error {
	if received > p.received {
		p.failures = 0
	}
	if p.failures == 0 || made.After(p.failedAt) {
		p.failures++
		p.failedAt = now
	}
	lost := p.received == received
	p.received = received
	pause := p.backoff(err, lost)
	var status *StatusError
	if errors.As(err, &status) {
		pause = max(pause, status.After)
	}
	switch {
	case p.failures >= p.patience.Attempts:
		return fmt.Errorf("%d attempts failed: %w", p.failures, err)
	case pause > p.patience.Longest:
		return fmt.Errorf("the registry asks to wait for %s: %w", pause.Round(time.Second), err)
	}
	if next := now.Add(pause); next.After(p.until) {
		p.until = next
	}
	if overloaded(err) {
		p.limit, p.saturated, p.grown = max(p.limit/2, 1), true, false
		p.begin(now, received)
	}
	return nil
}

// backoff doubles with each failure. A connection that broke after it brought
// something is replaced at once.
func (p *pace) backoff(err error, lost bool) time.Duration {
	if p.failures <= 1 && !lost && !overloaded(err) {
		return 0
	}
	return min(p.patience.Backoff<<(p.failures-1), p.patience.Longest)
}
