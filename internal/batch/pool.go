package batch

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
)

// Server is one that makes portraits.
type Server struct {
	URL string
	// ImageID identifies what makes the portraits: an image's digest, or what
	// the server says of itself. Empty when it is not known.
	ImageID string
	// Token is shown to the server; empty shows none.
	Token string
	// Revive makes a server that stopped answering ready again, or says why
	// that is not possible; nil where it can only be waited for. One that ended
	// by itself is started only where again allows it; byOrder tells that
	// somebody ended it, and no photo.
	Revive func(ctx context.Context, again bool) (byOrder bool, err error)

	client   *api.Client
	state    state
	inFlight int
	alone    bool // what is in flight has it for itself
	served   int
	strikes  int      // failures since the last success
	deaths   int      // those without an answer among them
	suspects []*trial // in work when it stopped answering
	palette  palette
	life     int // counts how often it came back
}

// state is whether a server gets photos.
type state int

const (
	live    state = iota
	resting       // it is waited for
	out           // given up
)

const (
	// maxStrikes is how many failures in a row make a server useless. It is
	// more than a few photos can cause that break a sound one.
	maxStrikes = 10
	// maxCrashes is how often a server dies in a row until it is not started
	// again. Three photos that each stop it twice do not reach it.
	maxCrashes = 7
)

// patience is how long the pool waits for what. Tests have less.
type patience struct {
	retry time.Duration // before another attempt, for each that failed
	rest  time.Duration // after a failure, when the server says nothing itself
	// maxRest bounds how long a server may ask to be left alone.
	maxRest time.Duration
	answer  time.Duration // for a server that does not answer
	poll    time.Duration
	tell    time.Duration // until a wait is told
}

var defaultPatience = patience{retry: 500 * time.Millisecond, rest: time.Second, maxRest: time.Minute, answer: 5 * time.Minute, poll: 500 * time.Millisecond, tell: 5 * time.Second}

// NoServer ends a run: the photos that are left stay undone.
type NoServer struct {
	Why error // the last server is out
}

func (n *NoServer) Error() string { return "no server is left" }

func (n *NoServer) Unwrap() error { return n.Why }

// pool gives each photo the least busy server.
type pool struct {
	servers   []*Server
	perServer int
	patience  patience
	// notice is told when a server goes and comes.
	notice func(s *Server, what string)
	waits  *waits

	mu sync.Mutex
	// suspects wait for a server of their own; others let them go first.
	suspects int
	lastWhy  error         // a server was given up
	changed  chan struct{} // closed, and replaced, whenever something changes
	nursing  sync.WaitGroup
}

func newPool(servers []*Server, perServer int, notice func(*Server, string)) *pool {
	for _, s := range servers {
		s.client = api.NewWithToken(s.URL, s.Token)
	}
	return &pool{servers: servers, perServer: perServer, patience: defaultPatience, notice: notice, changed: make(chan struct{})}
}

func (p *pool) close() {
	p.nursing.Wait()
	for _, s := range p.servers {
		s.client.Close()
	}
}

// acquire waits for a free place at a server, if possible at another than the
// one that failed before. A photo that may have stopped a server gets one for
// itself.
func (p *pool) acquire(ctx context.Context, t *trial) (*Server, error) {
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

// othersThan tells whether another server may do better.
func (p *pool) othersThan(failed *Server) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.othersLive(failed)
}

// release gives a place back.
func (p *pool) release(s *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.inFlight--
	s.alone = false
	p.broadcast()
}

// suspect notes a photo that was in work when its server stopped answering.
func (p *pool) suspect(s *Server, t *trial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.deaths++
	s.suspects = append(s.suspects, t)
}

func (p *pool) deathsOf(t *trial) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return t.deaths
}

// awaitBack waits while a server is being brought back, and tells whether it
// gets photos again.
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

// lifeOf is which of a server's lives it is in.
func (p *pool) lifeOf(s *Server) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.life
}

// judge draws conclusions about a server from what became of a photo. A
// connection that an earlier life of the server broke says nothing of this one.
func (p *pool) judge(ctx context.Context, t *trial, err error) {
	s := t.server
	var failed *api.Failed
	var foreign *api.UnexpectedResponse
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ctx.Err() != nil || s.state != live || t.life != s.life:
	case errors.As(err, &foreign):
		p.giveUp(s, err)
	case errors.As(err, &failed):
		if s.strikes++; s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else if failed.After > 0 || failed.Status == http.StatusServiceUnavailable || failed.Status == http.StatusTooManyRequests {
			p.rest(ctx, s, failed.After)
		}
	case api.Unreachable(err):
		s.strikes++
		s.deaths++
		if s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else {
			p.nurse(ctx, s, err)
		}
	default: // a portrait, or the photo's own fault
		s.strikes, s.deaths = 0, 0
	}
}

// giveUp leaves a server out. The caller holds the lock, as for those below.
func (p *pool) giveUp(s *Server, why error) {
	s.state, p.lastWhy = out, why
	first, _, _ := strings.Cut(why.Error(), "\n") // of what may be a whole report
	p.notice(s, "is left out: "+first)
	p.broadcast()
}
