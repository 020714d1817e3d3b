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
	// Engine identifies what makes the portraits: an image's digest, or what
	// the server says of itself. Empty when it is not known.
	Engine string
	// Token is shown to the server; empty shows none.
	Token string
	// Revive makes a server that stopped answering ready again, or says why
	// that is not possible; nil where it can only be waited for.
	Revive func(context.Context) error

	client   *api.Client
	state    state
	inFlight int
	served   int
	strikes  int // failures since the last success
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
	// maxRest bounds how long a server may ask to be left alone.
	maxRest = time.Minute
)

// patience is how long the pool waits for what. Tests have less.
type patience struct {
	retry  time.Duration // before another attempt, for each that failed
	rest   time.Duration // after a failure, when the server says nothing itself
	answer time.Duration // for a server that does not answer
	poll   time.Duration
}

var defaultPatience = patience{retry: 500 * time.Millisecond, rest: time.Second, answer: 30 * time.Second, poll: 500 * time.Millisecond}

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

	mu      sync.Mutex
	lastWhy error         // a server was given up
	changed chan struct{} // closed, and replaced, whenever something changes
	nursing sync.WaitGroup
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
// one that failed before.
func (p *pool) acquire(ctx context.Context, failed *Server) (*Server, error) {
	for {
		s, changed, err := p.take(failed)
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

func (p *pool) take(failed *Server) (*Server, <-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *Server
	hope, others := false, p.othersLive(failed)
	for _, s := range p.servers {
		hope = hope || s.state != out
		if s.state != live || s.inFlight >= p.perServer || s == failed && others {
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
	case !hope:
		return nil, nil, &NoServer{p.lastWhy}
	}
	return best, p.changed, nil
}

func (p *pool) othersLive(failed *Server) bool {
	for _, s := range p.servers {
		if s != failed && s.state == live {
			return true
		}
	}
	return false
}

// release gives a place back.
func (p *pool) release(s *Server) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.inFlight--
	p.broadcast()
}

func (p *pool) broadcast() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// judge draws conclusions about a server from what became of a photo.
func (p *pool) judge(ctx context.Context, s *Server, err error) {
	var failed *api.Failed
	var foreign *api.Foreign
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ctx.Err() != nil || s.state != live:
	case errors.As(err, &foreign):
		p.giveUp(s, err)
	case errors.As(err, &failed):
		if s.strikes++; s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else if failed.After > 0 || failed.Status == http.StatusServiceUnavailable || failed.Status == http.StatusTooManyRequests {
			p.rest(ctx, s, max(p.patience.rest, min(failed.After, maxRest)))
		}
	case api.Unreachable(err):
		if s.strikes++; s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else {
			p.nurse(ctx, s, err)
		}
	default: // a portrait, or the photo's own fault
		s.strikes = 0
	}
}

// giveUp leaves a server out. The caller holds the lock, as for those below.
func (p *pool) giveUp(s *Server, why error) {
	s.state, p.lastWhy = out, why
	first, _, _ := strings.Cut(why.Error(), "\n") // of what may be a whole report
	p.notice(s, "is left out: "+first)
	p.broadcast()
}

// rest leaves a server alone for a while.
func (p *pool) rest(ctx context.Context, s *Server, d time.Duration) {
	s.state = resting
	p.nursing.Go(func() {
		pause(ctx, d)
		p.mu.Lock()
		defer p.mu.Unlock()
		s.state = live
		p.broadcast()
	})
}

// nurse brings a server back that does not answer, or gives it up.
func (p *pool) nurse(ctx context.Context, s *Server, why error) {
	s.state = resting
	p.notice(s, "does not answer: "+why.Error())
	p.nursing.Go(func() {
		err := p.bringBack(ctx, s)
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			s.state = out
			p.broadcast()
		case err != nil:
			p.giveUp(s, err)
		default:
			s.state = live
			p.notice(s, "answers again")
			p.broadcast()
		}
	})
}

// bringBack has an own server revived, and waits for any other.
func (p *pool) bringBack(ctx context.Context, s *Server) error {
	if s.Revive != nil {
		return s.Revive(ctx)
	}
	deadline := time.Now().Add(p.patience.answer)
	for {
		readiness, err := s.client.Ready(ctx)
		if readiness.Ready {
			return nil
		}
		if err == nil {
			err = errors.New(readiness.Why)
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		pause(ctx, p.patience.poll)
	}
}

// pause waits, unless the run ends before.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
