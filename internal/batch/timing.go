package batch

import (
	"context"
	"time"
)

// timing holds a run's delays and time limits. Tests use shorter ones.
type timing struct {
	retry time.Duration // before another attempt, times the failures so far
	rest  time.Duration // after a failure, unless the server asks for more
	// maxRest limits how long a server may ask to be left alone.
	maxRest time.Duration
	answer  time.Duration // for a server that does not respond
	poll    time.Duration // between readiness checks
	report  time.Duration // before a wait is reported
}

var defaultTiming = timing{
	retry:   500 * time.Millisecond,
	rest:    time.Second,
	maxRest: time.Minute,
	answer:  5 * time.Minute,
	poll:    500 * time.Millisecond,
	report:  5 * time.Second,
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
