// Package pool hands out servers to whoever has work for them: always the least
// busy one, in the order of asking. A server that fails is left alone until it is
// back.
package pool

import (
	"context"
	"slices"
	"sync"
)

// NoServer means that every server was given up.
type NoServer struct {
	Why error // the reason the last one was given up
}

func (n *NoServer) Error() string { return "no servers left" }

func (n *NoServer) Unwrap() error { return n.Why }

// Member is a server of a pool. Server is whatever the pool's user knows about it.
type Member[S any] struct {
	Server S

	// The pool's lock guards the rest.
	state      state
	inFlight   int
	alone      bool // reserved for the work in flight
	served     int
	generation int // how often it came back
}

// state says whether a server is handed out.
type state int

const (
	live state = iota
	away       // being waited for
	out        // given up
)

// Wish is what kind of server some work needs.
type Wish[S any] struct {
	// Avoid is the server that failed before. It is handed out only if no other
	// is live.
	Avoid *Member[S]
	// Alone asks for a server with nothing else in flight. Such work goes first.
	Alone bool
}

// Pool hands out servers. It is safe for concurrent use.
type Pool[S any] struct {
	members   []*Member[S]
	perServer int
	absences  sync.WaitGroup

	mu      sync.Mutex
	waiting []*waiter[S]
	lastWhy error         // why the last server was given up
	changed chan struct{} // closed and replaced when a server's state changes
}

// waiter is work that waits for a server.
type waiter[S any] struct {
	Wish[S]
	granted chan *Member[S] // closed without a server if there is none left
}

// New returns a pool of live servers that get up to perServer pieces of work at
// once.
func New[S any](perServer int, servers ...S) *Pool[S] {
	p := &Pool[S]{perServer: perServer, changed: make(chan struct{})}
	for _, s := range servers {
		p.members = append(p.members, &Member[S]{Server: s})
	}
	return p
}

// Members returns all servers, including those that were given up.
func (p *Pool[S]) Members() []*Member[S] { return p.members }

// Acquire waits for a server. Release it afterwards. The error is ctx's, or a
// *NoServer.
func (p *Pool[S]) Acquire(ctx context.Context, wish Wish[S]) (*Member[S], error) {
	w := &waiter[S]{wish, make(chan *Member[S], 1)}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.dispatch()
	p.mu.Unlock()
	select {
	case m := <-w.granted:
		return p.granted(m)
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.waiting = slices.DeleteFunc(p.waiting, func(other *waiter[S]) bool { return other == w })
	p.dispatch() // it may have held others up
	p.mu.Unlock()
	select {
	case m := <-w.granted: // at the same time
		if m != nil {
			p.Release(m)
		}
	default:
	}
	return nil, ctx.Err()
}

func (p *Pool[S]) granted(m *Member[S]) (*Member[S], error) {
	if m != nil {
		return m, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return nil, &NoServer{p.lastWhy}
}

// Release returns a server to the pool.
func (p *Pool[S]) Release(m *Member[S]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.inFlight--
	m.alone = false
	p.dispatch()
}

// dispatch gives servers to those who wait, in order. The caller holds the lock.
func (p *Pool[S]) dispatch() {
	if !slices.ContainsFunc(p.members, func(m *Member[S]) bool { return m.state != out }) {
		for _, w := range p.waiting {
			close(w.granted)
		}
		p.waiting = nil
		return
	}
	p.serve(true)
	if !slices.ContainsFunc(p.waiting, func(w *waiter[S]) bool { return w.Alone }) {
		p.serve(false)
	}
}

// serve gives servers to those who want one to themselves, or to the others.
func (p *Pool[S]) serve(alone bool) {
	p.waiting = slices.DeleteFunc(p.waiting, func(w *waiter[S]) bool {
		if w.Alone != alone {
			return false
		}
		m := p.best(w.Wish)
		if m == nil {
			return false
		}
		m.inFlight++
		m.served++
		m.alone = alone
		w.granted <- m
		return true
	})
}

// best returns the least busy server that a wish can have now, or nil.
func (p *Pool[S]) best(wish Wish[S]) (best *Member[S]) {
	others := p.othersLive(wish.Avoid)
	for _, m := range p.members {
		if m.state != live || !p.room(m, wish.Alone) || m == wish.Avoid && others {
			continue
		}
		if best == nil || m.inFlight < best.inFlight || m.inFlight == best.inFlight && m.served < best.served {
			best = m
		}
	}
	return best
}

func (p *Pool[S]) room(m *Member[S], alone bool) bool {
	if alone {
		return m.inFlight == 0
	}
	return !m.alone && m.inFlight < p.perServer
}

func (p *Pool[S]) othersLive(than *Member[S]) bool {
	return slices.ContainsFunc(p.members, func(m *Member[S]) bool { return m != than && m.state == live })
}

// OthersLive reports whether a different server could be tried.
func (p *Pool[S]) OthersLive(than *Member[S]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.othersLive(than)
}
