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

// Server is a server that makes portraits.
type Server struct {
	URL string
	// ImageID identifies what makes the portraits: the digest of the image, or
	// what the server reports about itself. Empty if unknown.
	ImageID string
	// Token is the bearer token to send, or empty.
	Token string
	// Revive gets a server that stopped responding ready again, or returns why
	// it cannot. If nil, the server can only be waited for. A server that died
	// is only restarted if again is true. byOrder means that somebody stopped
	// it, so no photo is to blame.
	Revive func(ctx context.Context, again bool) (byOrder bool, err error)

	client   *api.Client
	state    state
	inFlight int
	alone    bool // reserved for the photo in flight
	served   int
	strikes  int      // failures since the last success
	deaths   int      // failures among them without a response
	suspects []*trial // being processed when it stopped responding
	palette  palette
	life     int // how often it came back
}

// state says whether a server gets photos.
type state int

const (
	live    state = iota
	resting       // being waited for
	out           // given up
)

const (
	// maxStrikes is how many failures in a row a server may have. It is more
	// than a few bad photos can cause on a working server.
	maxStrikes = 10
	// maxCrashes is how often in a row a server may die before it is no longer
	// restarted. Three photos that each stop it twice stay below that.
	maxCrashes = 7
)

// patience holds the pool's delays and time limits. Tests use shorter ones.
type patience struct {
	retry time.Duration // before another attempt, times the failures so far
	rest  time.Duration // after a failure, unless the server asks for more
	// maxRest limits how long a server may ask to be left alone.
	maxRest time.Duration
	answer  time.Duration // for a server that does not respond
	poll    time.Duration // between readiness checks
	tell    time.Duration // before a wait is reported
}

var defaultPatience = patience{retry: 500 * time.Millisecond, rest: time.Second, maxRest: time.Minute, answer: 5 * time.Minute, poll: 500 * time.Millisecond, tell: 5 * time.Second}

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
	patience  patience
	// notice is called when a server stops and when it comes back.
	notice func(s *Server, what string)
	waits  *waits

	mu sync.Mutex
	// suspects counts photos waiting for a server to themselves; they go first.
	suspects int
	lastWhy  error         // why the last server was given up
	changed  chan struct{} // closed and replaced on every change
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

// acquire waits for a server with capacity, if possible a different one from
// the one that failed before. A photo that may have stopped a server gets one to
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

// lifeOf returns how often a server has come back.
func (p *pool) lifeOf(s *Server) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return s.life
}

// judge updates a server's state after a photo. An error from before the server
// last came back says nothing about its current state.
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

// giveUp stops using a server. The caller holds the lock.
func (p *pool) giveUp(s *Server, why error) {
	s.state, p.lastWhy = out, why
	first, _, _ := strings.Cut(why.Error(), "\n") // the reason may be a whole report
	p.notice(s, "is no longer used: "+first)
	p.broadcast()
}
