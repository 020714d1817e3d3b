package batch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/pool"
)

// recordOutcome updates a server's state after a photo. generation is the
// server's at the time of the request.
func (r *Run) recordOutcome(ctx context.Context, m *pool.Member[*Server], generation int, err error) {
	r.pool.Judge(m, generation, func() pool.Verdict { return r.judge(ctx, m.Server, err) })
}

func (r *Run) judge(ctx context.Context, s *Server, err error) pool.Verdict {
	var failed *api.Failed
	var unexpected *api.UnexpectedResponse
	switch {
	case ctx.Err() != nil:
	case errors.As(err, &unexpected):
		return r.giveUp(s, err)
	case errors.As(err, &failed):
		if s.strikes++; s.strikes >= maxStrikes {
			return r.giveUp(s, err)
		}
		if failed.After > 0 || failed.Status == http.StatusServiceUnavailable ||
			failed.Status == http.StatusTooManyRequests {
			return r.rest(ctx, s, failed.After)
		}
	case api.Unreachable(err):
		s.strikes++
		s.deaths++
		if s.strikes >= maxStrikes {
			return r.giveUp(s, err)
		}
		return r.recover(ctx, s, err)
	default: // a portrait, or the photo's own fault
		s.strikes, s.deaths = 0, 0
	}
	return pool.Verdict{}
}

// rest leaves a server alone for as long as it asks, within limits.
func (r *Run) rest(ctx context.Context, s *Server, asked time.Duration) pool.Verdict {
	d := max(r.timing.rest, min(asked, r.timing.maxRest))
	if asked > r.timing.maxRest {
		r.Notice(s, fmt.Sprintf("asks for a pause of %s; retrying in %s", asked, d))
	}
	return pool.Verdict{Away: func() error {
		r.waits.begin(s, Wait{Phase: Pausing, Server: s.URL})
		defer r.waits.end(s)
		pause(ctx, d)
		return nil
	}}
}

// recover waits for, or restarts, a server that does not respond, or gives it up.
func (r *Run) recover(ctx context.Context, s *Server, why error) pool.Verdict {
	r.Notice(s, "is not responding: "+api.Brief(why))
	again := s.deaths < maxCrashes
	return pool.Verdict{Anew: true, Away: func() error {
		r.waits.begin(s, Wait{Phase: Recovering, Server: s.URL})
		defer r.waits.end(s)
		byOrder, err := r.bringBack(ctx, s, again)
		if byOrder {
			s.deaths = max(0, s.deaths-1)
		}
		r.suspects.settle(s, byOrder)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.noticeGivenUp(s, err)
			return err
		}
		r.Notice(s, "is responding again")
		return nil
	}}
}

// bringBack revives a server that has Revive, and waits for any other.
func (r *Run) bringBack(ctx context.Context, s *Server, again bool) (byOrder bool, err error) {
	if s.Revive != nil {
		return s.Revive(ctx, again)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timing.answer)
	defer cancel()
	err = errors.New("no response")
	for answer := range s.client.Answers(ctx, r.timing.poll) {
		if answer.Ready {
			return false, nil
		}
		if err = answer.Err; err == nil {
			err = errors.New(answer.Why)
		}
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("not ready after %s: %w", r.timing.answer, err)
	}
	return false, err
}

// giveUp stops using a server.
func (r *Run) giveUp(s *Server, why error) pool.Verdict {
	r.noticeGivenUp(s, why)
	return pool.Verdict{GiveUp: why}
}

func (r *Run) noticeGivenUp(s *Server, why error) {
	first, _, _ := strings.Cut(why.Error(), "\n") // the reason may be a whole report
	r.Notice(s, "is no longer used: "+first)
}
