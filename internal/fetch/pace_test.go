package fetch

import (
	"errors"
	"testing"
	"time"
)

// line is a network, as the bytes per second that a number of connections receives.
func line(each, all int64) func(connections int) int64 {
	return func(connections int) int64 { return min(int64(connections)*each, all) }
}

// simulate runs a pace on a line for a while, and returns its number of connections.
func simulate(p *pace, rate func(int) int64, duration time.Duration) int {
	now, received := time.Unix(0, 0), p.received
	for end := now.Add(duration); now.Before(end); now = now.Add(measure) {
		p.adapt(now, received, true)
		received += int64(float64(rate(p.limit)) * measure.Seconds())
	}
	return p.limit
}

func TestConnectionsGrowWithTheRate(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		most         int
		rate         func(int) int64
		least, most2 int
	}{
		"each is limited to an eighth":   {8, line(1e6, 8e6), 8, 8},
		"each is limited to a sixteenth": {16, line(1e6, 16e6), 16, 16},
		"one takes the whole line":       {16, line(1e8, 1e8), 1, 6},
		"no more than were asked for":    {3, line(1e6, 1e9), 3, 3},
		"one only":                       {1, line(1e6, 1e9), 1, 1},
		"nothing arrives":                {8, line(0, 0), 1, 5},
	} {
		p := newPace(tt.most, DefaultPatience)
		if got := simulate(p, tt.rate, 10*time.Second); got < tt.least || got > tt.most2 {
			t.Errorf("%s: %d connections, want %d to %d", what, got, tt.least, tt.most2)
		}
	}
}

func TestConnectionsShrinkWhenAsked(t *testing.T) {
	t.Parallel()
	p := newPace(8, DefaultPatience)
	simulate(p, line(1e6, 8e6), 5*time.Second)
	now := time.Unix(100, 0)
	if err := p.failed(now, now.Add(-time.Second), 1e9, &StatusError{Code: 429}); err != nil || p.limit != 4 {
		t.Errorf("%d connections after 429, %v", p.limit, err)
	}
	if p.room(now, 0) {
		t.Error("it is asked again at once")
	}
	if !p.room(now.Add(DefaultPatience.Backoff), 0) || p.room(now.Add(DefaultPatience.Backoff), 1) {
		t.Error("after the pause there is not one request")
	}
}

var errBroken = errors.New("connection reset by peer")

// TestABrokenConnectionIsReplaced at once, while others receive data.
func TestABrokenConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPace(8, DefaultPatience)
	now := time.Unix(0, 0)
	for received := int64(1); received < 100; received++ {
		if err := p.failed(now, now, received, errBroken); err != nil || !p.room(now, 0) {
			t.Fatalf("after %d bytes: %v, room %v", received, err, p.room(now, 0))
		}
		now = now.Add(time.Second)
	}
}

// TestABurstOfFailures: if all connections break at once, that is one failure.
func TestABurstOfFailures(t *testing.T) {
	t.Parallel()
	p := newPace(8, DefaultPatience)
	made, now := time.Unix(0, 0), time.Unix(10, 0)
	for range 8 {
		if err := p.failed(now, made, 1e6, errBroken); err != nil {
			t.Fatal(err)
		}
	}
	if p.failures != 1 {
		t.Errorf("%d failures", p.failures)
	}
}

func TestBackoffDoublesAndEnds(t *testing.T) {
	t.Parallel()
	p := newPace(8, DefaultPatience)
	now, begin := time.Unix(0, 0), time.Unix(0, 0)
	var err error
	for n := 1; err == nil; n++ {
		err = p.failed(now, now, 0, errBroken)
		if n > DefaultPatience.Attempts {
			t.Fatal("it never ends")
		}
		now = p.until.Add(time.Millisecond)
	}
	if lasted := now.Sub(begin); lasted < 2*time.Minute || lasted > 5*time.Minute || !errors.Is(err, errBroken) {
		t.Errorf("it ended after %s with %v", lasted, err)
	}
}
