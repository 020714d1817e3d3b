package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/djok/facecraft/internal/api"
)

// rest leaves a server alone for as long as it asks, within limits. The caller
// holds the lock, as for nurse.
func (p *pool) rest(ctx context.Context, s *Server, asked time.Duration) {
	s.state = resting
	d := max(p.patience.rest, min(asked, p.patience.maxRest))
	if asked > p.patience.maxRest {
		p.notice(s, fmt.Sprintf("asks for a pause of %s; retrying in %s", asked, d))
	}
	p.nursing.Go(func() {
		p.waits.begin(s, Wait{Phase: Pausing, Server: s.URL})
		defer p.waits.end(s)
		pause(ctx, d)
		p.mu.Lock()
		defer p.mu.Unlock()
		s.state = live
		p.broadcast()
	})
}

// nurse waits for, or restarts, a server that does not respond, or gives it up.
func (p *pool) nurse(ctx context.Context, s *Server, why error) {
	s.state = resting
	p.notice(s, "is not responding: "+api.Brief(why))
	again := s.deaths < maxCrashes
	p.nursing.Go(func() {
		p.waits.begin(s, Wait{Phase: Recovering, Server: s.URL})
		defer p.waits.end(s)
		byOrder, err := p.bringBack(ctx, s, again)
		p.mu.Lock()
		defer p.mu.Unlock()
		if byOrder {
			s.acquit()
		}
		s.suspects = nil
		switch {
		case ctx.Err() != nil:
			s.state = out
			p.broadcast()
		case err != nil:
			p.giveUp(s, err)
		default:
			s.state = live
			s.life++
			p.notice(s, "is responding again")
			p.broadcast()
		}
	})
}

// acquit clears the photos suspected of stopping the server: somebody stopped
// it on purpose.
func (s *Server) acquit() {
	for _, t := range s.suspects {
		t.deaths--
	}
	s.deaths = max(0, s.deaths-1)
}

// bringBack revives a server that has Revive, and waits for any other.
func (p *pool) bringBack(ctx context.Context, s *Server, again bool) (byOrder bool, err error) {
	if s.Revive != nil {
		return s.Revive(ctx, again)
	}
	ctx, cancel := context.WithTimeout(ctx, p.patience.answer)
	defer cancel()
	err = errors.New("no response")
	for answer := range s.client.Answers(ctx, p.patience.poll) {
		if answer.Ready {
			return false, nil
		}
		if err = answer.Err; err == nil {
			err = errors.New(answer.Why)
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not ready after %s: %w", p.patience.answer, err)
	}
	return false, err
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
