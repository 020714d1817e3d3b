package gateway

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/pool"
)

// warmUpPhoto is a part of NASA's portrait of Eileen Collins, public domain, 192
// pixels wide.
//
//go:embed warmup.jpg
var warmUpPhoto []byte

const (
	readyPoll = 200 * time.Millisecond
	// After each failed warm-up, the pause before the next one gets longer: loading
	// models takes long, and version 1.0.0 does it for every readiness request.
	firstPause, lastPause = time.Second, 30 * time.Second
	warmUpSide            = 128 // pixels

	watchTimeout = 5 * time.Second
	// maxSilent is how many requests an idle server may leave unanswered.
	maxSilent = 3
)

// awaitReady gives a server no photos until its response body says that it is ready,
// and it has made a portrait: the images say that they are ready before they are.
func (g *Gateway) awaitReady(ctx context.Context, s *server) pool.Verdict {
	s.ready.Store(false)
	return pool.Verdict{Anew: true, Away: func() error {
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			err := g.warmUp(ctx, s)
			if err == nil {
				s.ready.Store(true)
				g.everReady.Store(true)
				g.log.Info("server ready", "server", s.name)
				return nil
			}
			if ctx.Err() == nil {
				g.log.Warn("server not ready", "server", s.name, "why", api.Brief(err))
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pause):
			}
		}
	}}
}

// warmUp returns once a server has made a portrait or failed to.
func (g *Gateway) warmUp(ctx context.Context, s *server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	last, said := api.Answer{Err: errors.New("it was not asked")}, ""
	for last = range s.client.Answers(ctx, readyPoll) { // until it is ready, or never will be
		if why := whyNot(last); why != said {
			g.log.Info("waiting for server", "server", s.name, "why", why)
			said = why
		}
	}
	if !last.Ready {
		return last.Err
	}
	if err := g.fetchSchema(ctx, s); err != nil {
		return err
	}
	options := api.DefaultOptions()
	options.Width, options.Height = warmUpSide, warmUpSide
	photo := api.Upload{Name: "warmup.jpg", Content: bytes.NewReader(warmUpPhoto), Size: int64(len(warmUpPhoto))}
	made, err := s.client.Process(ctx, photo, options)
	if made.Job != "" {
		s.discard(made.Job)
	}
	if err != nil {
		return fmt.Errorf("the first portrait failed: %w", err)
	}
	return nil
}

// whyNot is why a server is not ready, or "" if it is.
func whyNot(a api.Answer) string {
	if a.Err != nil {
		return api.Brief(a.Err)
	}
	return a.Why
}

// watch checks that an idle server still responds, so that readiness and metrics are
// true even without traffic. It leaves busy servers alone.
func (g *Gateway) watch(ctx context.Context, m *pool.Member[*server]) {
	s, silent := m.Server, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(g.cfg.timing.watch):
		}
		generation, touched := g.pool.Generation(m), s.touched.Load()
		if !s.ready.Load() || s.busy.Load() > 0 {
			silent = 0
			continue
		}
		err := g.ask(ctx, s)
		switch {
		case err == nil || s.touched.Load() != touched: // it may have been busy
			silent = 0
			continue
		case api.Silent(err):
			silent++
		default:
			silent = maxSilent
		}
		if silent == maxSilent && ctx.Err() == nil {
			silent = 0
			g.lose(m, generation, err)
		}
	}
}

// maxSchema is in bytes.
const maxSchema = 1 << 20

// fetchSchema fetches a server's schema for the documentation.
func (g *Gateway) fetchSchema(ctx context.Context, s *server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("/openapi.json").String(), nil)
	if err != nil {
		return err
	}
	response, err := g.transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	schema, err := io.ReadAll(io.LimitReader(response.Body, maxSchema))
	if err == nil && response.StatusCode == http.StatusOK {
		g.pages.keep(schema)
	}
	return err
}

// ask returns an error unless a server responds, with whatever status.
func (g *Gateway) ask(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, watchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("/health").String(), nil)
	if err != nil {
		return err
	}
	response, err := g.transport.RoundTrip(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// lose takes a server out of use until it is ready again.
func (g *Gateway) lose(m *pool.Member[*server], generation int, why error) {
	g.pool.Judge(m, generation, func() pool.Verdict {
		g.log.Warn("server lost", "server", m.Server.name, "why", api.Brief(why))
		return g.awaitReady(g.life, m.Server)
	})
}
