package fetch

import (
	"errors"
	"fmt"
	"time"
)

const (
	firstConnections = 4
	// growth is how much faster one more connection has to make the download
	// to be kept.
	growth = 1.05
	// measure is how long to try a number of connections.
	measure = 250 * time.Millisecond
	// settled is how long to wait before trying one more connection again, after
	// one did not help.
	settled = 5 * time.Second
)

// pace decides how many requests to make, and when. It uses no clock, network or
// locks.
type pace struct {
	patience Patience
	most     int // maximum number of connections

	limit int // current maximum number of connections
	// until is when requests may be made again after failures.
	until time.Time
	// failures counts consecutive failures without a byte between them; requests
	// that were in progress at a failure do not count again.
	failures int
	failedAt time.Time
	received int64 // bytes, up to the last failure

	tried     time.Time // when the current measurement began
	had       int64     // bytes received by then
	rate      float64   // bytes per second at the previous measurement
	grown     bool      // whether that measurement added a connection
	saturated bool      // one more connection did not help
}

func newPace(most int, patience Patience) *pace {
	return &pace{patience: patience, most: most, limit: min(firstConnections, most)}
}

// room reports whether another request may be made.
func (p *pace) room(now time.Time, active int) bool {
	limit := p.limit
	if p.failures > 0 {
		limit = 1 // until the network works again
	}
	return active < limit && !now.Before(p.until)
}

// adapt adds connections as long as that makes the download faster. It is called
// periodically with the number of bytes received so far, and whether all
// connections are busy.
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

// failed processes the failure of a request that was made at a given time. It
// returns an error if that is one failure too many.
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

// backoff doubles with each failure. A connection that breaks after receiving data
// is replaced at once.
func (p *pace) backoff(err error, lost bool) time.Duration {
	if p.failures <= 1 && !lost && !overloaded(err) {
		return 0
	}
	return min(p.patience.Backoff<<(p.failures-1), p.patience.Longest)
}
