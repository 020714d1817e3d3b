package batch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/api"
)

// rest leaves a server alone for as long as it asks, within limits. The caller
// holds the lock, as for startRecovery.
func (p *pool) rest(ctx context.Context, s *Server, asked time.Duration) {
	s.state = resting
	d := max(p.timing.rest, min(asked, p.timing.maxRest))
	if asked > p.timing.maxRest {
		p.notice(s, fmt.Sprintf("asks for a pause of %s; retrying in %s", asked, d))
	}
	p.recoveries.Go(func() {
		p.waits.begin(s, Wait{Phase: Pausing, Server: s.URL})
		defer p.waits.end(s)
		pause(ctx, d)
		p.mu.Lock()
		defer p.mu.Unlock()
		s.state = live
		p.broadcast()
	})
}

// startRecovery waits for, or restarts, a server that does not respond, or gives it up.
func (p *pool) startRecovery(ctx context.Context, s *Server, why error) {
	s.state = resting
	p.notice(s, "is not responding: "+api.Brief(why))
	again := s.deaths < maxCrashes
	p.recoveries.Go(func() {
		p.waits.begin(s, Wait{Phase: Recovering, Server: s.URL})
		defer p.waits.end(s)
		byOrder, err := p.bringBack(ctx, s, again)
		p.mu.Lock()
		defer p.mu.Unlock()
		if byOrder {
			s.clearSuspects()
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
			s.generation++
			p.notice(s, "is responding again")
			p.broadcast()
		}
	})
}

// bringBack revives a server that has Revive, and waits for any other.
func (p *pool) bringBack(ctx context.Context, s *Server, again bool) (byOrder bool, err error) {
	if s.Revive != nil {
		return s.Revive(ctx, again)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timing.answer)
	defer cancel()
	err = errors.New("no response")
	for answer := range s.client.Answers(ctx, p.timing.poll) {
		if answer.Ready {
			return false, nil
		}
		if err = answer.Err; err == nil {
			err = errors.New(answer.Why)
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not ready after %s: %w", p.timing.answer, err)
	}
	return false, err
}

// recordOutcome updates a server's state after a photo. An error from before the server
// last came back says nothing about its current state.
func (p *pool) recordOutcome(ctx context.Context, t *task, err error) {
	s := t.server
	var failed *api.Failed
	var unexpected *api.UnexpectedResponse
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ctx.Err() != nil || s.state != live || t.generation != s.generation:
	case errors.As(err, &unexpected):
		p.giveUp(s, err)
	case errors.As(err, &failed):
		if s.strikes++; s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else if failed.After > 0 || failed.Status == http.StatusServiceUnavailable ||
			failed.Status == http.StatusTooManyRequests {
			p.rest(ctx, s, failed.After)
		}
	case api.Unreachable(err):
		s.strikes++
		s.deaths++
		if s.strikes >= maxStrikes {
			p.giveUp(s, err)
		} else {
			p.startRecovery(ctx, s, err)
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
