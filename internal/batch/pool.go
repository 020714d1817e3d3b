package batch

import (
	"context"
	"sync"

	"github.com/djok/facecraft/internal/api"
)

// NoServer ends a run: the remaining photos are not processed.
type NoServer struct {
	Why error // the reason the last server was given up
}

func (n *NoServer) Error() string { return "no servers left" }

func (n *NoServer) Unwrap() error { return n.Why }

// pool gives each photo the least busy server.
type pool struct {
	servers   []*Server
	perServer int
	timing    timing
	// notice is called when a server stops and when it comes back.
	notice func(s *Server, what string)
	waits  *waits

	mu sync.Mutex
	// suspects counts photos waiting for a server to themselves; they go first.
	suspects   int
	lastWhy    error         // why the last server was given up
	changed    chan struct{} // closed and replaced on every change
	recoveries sync.WaitGroup
}

func newPool(servers []*Server, perServer int, notice func(*Server, string)) *pool {
	for _, s := range servers {
		s.client = api.NewWithToken(s.URL, s.Token)
	}
	return &pool{
		servers:   servers,
		perServer: perServer,
		timing:    defaultTiming,
		notice:    notice,
		changed:   make(chan struct{}),
	}
}

func (p *pool) close() {
	p.recoveries.Wait()
	for _, s := range p.servers {
		s.client.Close()
	}
}

// acquire waits for a server with capacity, if possible a different one from
// the one that failed before. A photo that may have stopped a server gets one to
// itself.
func (p *pool) acquire(ctx context.Context, t *task) (*Server, error) {
	suspect := p.deathsOf(t) > 0
	if suspect {
		p.queueSuspect(1)
		defer p.queueSuspect(-1)
	}
	for {
		s, changed, err := p.take(t.server, suspect)
		if s != nil || err != nil {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

func (p *pool) queueSuspect(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suspects += n
	p.broadcast()
}

func (p *pool) take(failed *Server, suspect bool) (*Server, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *Server
	hope, others := false, p.othersLive(failed)
	for _, s := range p.servers {
		hope = hope || s.state != out
		if s.state != live || !p.room(s, suspect) || s == failed && others {
			continue
		}
		if best == nil || s.inFlight < best.inFlight || s.inFlight == best.inFlight && s.served < best.served {
			best = s
		}
	}
	switch {
	case best != nil:
		best.inFlight++
		best.served++
		best.alone = suspect
	case !hope:
		return nil, nil, &NoServer{p.lastWhy}
	}
	return best, p.changed, nil
}

func (p *pool) room(s *Server, suspect bool) bool {
	if suspect {
		return s.inFlight == 0
	}
	return p.suspects == 0 && !s.alone && s.inFlight < p.perServer
}

func (p *pool) othersLive(failed *Server) bool {
	for _, s := range p.servers {
		if s != failed && s.state == live {
			return true
		}
	}
	return false
}

// othersThan reports whether there is another server to try.
func (p *pool) othersThan(failed *Server) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.othersLive(failed)
}

// release returns capacity to the pool.
func (p *pool) release(s *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.inFlight--
	s.alone = false
	p.broadcast()
}

// suspect notes a photo that was being processed when its server stopped
// responding.
func (p *pool) suspect(s *Server, t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.deaths++
	s.suspects = append(s.suspects, t)
}

func (p *pool) deathsOf(t *task) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.deaths
}

// awaitBack waits while a server is being recovered, and reports whether it gets
// photos again.
func (p *pool) awaitBack(ctx context.Context, s *Server) bool {
	for {
		p.mu.Lock()
		state, changed := s.state, p.changed
		p.mu.Unlock()
		if state != resting || ctx.Err() != nil {
			return state == live && ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (p *pool) broadcast() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// generationOf returns how often a server has come back.
func (p *pool) generationOf(s *Server) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.generation
}
