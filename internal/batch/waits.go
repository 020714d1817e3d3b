package batch

import (
	"sync"
	"time"
)

// Phase is what a wait is for.
type Phase string

// The phases.
const (
	Sending    Phase = "sending"    // a photo
	Working    Phase = "working"    // the server is processing a photo
	Fetching   Phase = "fetching"   // a portrait
	Pausing    Phase = "pausing"    // the server asked for it
	Recovering Phase = "recovering" // a server does not respond
)

// Wait is a long wait.
type Wait struct {
	Phase  Phase
	Photo  string // as Photo.Name; empty when waiting for a server
	Server string // its URL
	For    time.Duration
}

// waits holds the current waits of a run by what they are for. The zero value is
// ready to use.
type waits struct {
	mu   sync.Mutex
	each map[any]began
}

type began struct {
	Wait
	at time.Time
}

// begin starts a wait, replacing an earlier one with the same key.
func (w *waits) begin(key any, wait Wait) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.each == nil {
		w.each = map[any]began{}
	}
	w.each[key] = began{wait, time.Now()}
}

func (w *waits) end(key any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.each, key)
}

// longest returns the wait that began first, or the zero Wait.
func (w *waits) longest() Wait {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first began
	for _, each := range w.each {
		if first.at.IsZero() || each.at.Before(first.at) {
			first = each
		}
	}
	if !first.at.IsZero() {
		first.For = time.Since(first.at)
	}
	return first.Wait
}

// reportLong reports long waits until done is closed.
func (w *waits) reportLong(done <-chan struct{}, p timing, report func(Wait)) {
	ticker := time.NewTicker(p.report / 5)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			if wait := w.longest(); wait.For >= p.report {
				report(wait)
			}
		}
	}
}
