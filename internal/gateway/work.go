package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/djok/facecraft/internal/pool"
)

const (
	// maxDeaths is how many servers a photo may stop, and maxAttempts how often
	// servers may turn it down without processing it.
	maxDeaths   = 2
	maxAttempts = 10
	// slowUpload is how long an upload may occupy a server that others need: it is
	// then received in full before it gets a server again.
	slowUpload = 300 * time.Millisecond
)

// work is a photo to process.
type work struct {
	path   string // and query
	header http.Header
	body   *spool
	length int64 // of the body, or -1
}

// lost is the error for a server that did not respond.
type lost struct {
	cause error
	// untouched means that the photo never reached it.
	untouched bool
}

func (l *lost) Error() string { return l.cause.Error() }

func (l *lost) Unwrap() error { return l.cause }

var (
	errSlow  = errors.New("the upload keeps a server waiting")
	errStuck = errors.New("it has not answered for too long")
)

// make processes a photo on a server, and on a second one if that dies.
func (g *Gateway) make(ctx context.Context, k *work, n *note) (*answer, error) {
	var last *pool.Member[*server]
	for deaths, attempts := 0, 0; ; attempts++ {
		m, err := g.acquire(ctx, last, n)
		if err != nil {
			return nil, err
		}
		a, err := g.attempt(ctx, m, k, n)
		var gone *lost
		switch {
		case err == nil:
			return a, nil
		case errors.Is(err, errSlow):
			if err := k.body.awaitEnd(); err != nil {
				return nil, err
			}
			continue
		case !errors.As(err, &gone):
			return nil, err
		case !gone.untouched:
			deaths++
		}
		switch last = m; {
		case deaths == maxDeaths:
			return nil, errDied
		case attempts == maxAttempts:
			return nil, errTooOften
		}
		g.metrics.retries.Inc()
	}
}

// acquire waits for a server. The error is why ctx ended, or a refusal.
func (g *Gateway) acquire(ctx context.Context, avoid *pool.Member[*server], n *note) (*pool.Member[*server], error) {
	begin := time.Now()
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go g.endWithoutServers(ctx, cancel)
	m, err := g.pool.Acquire(ctx, pool.Wish[*server]{Avoid: avoid})
	n.queued += time.Since(begin)
	g.metrics.observe(stageQueue, time.Since(begin))
	switch cause := context.Cause(ctx); {
	case err == nil:
		return m, nil
	case cause != nil:
		return nil, cause
	}
	return nil, errNoServer // the gateway is shutting down
}

// endWithoutServers ends a context when no server has been ready for too long.
func (g *Gateway) endWithoutServers(ctx context.Context, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(g.cfg.timing.patience / 10)
	defer ticker.Stop()
	for since := time.Now(); time.Since(since) < g.cfg.timing.patience; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if g.anyReady() {
			since = time.Now()
		}
	}
	cancel(errNoServer)
}

// attempt processes a photo on one server, and returns that to the pool.
func (g *Gateway) attempt(ctx context.Context, m *pool.Member[*server], k *work, n *note) (*answer, error) {
	s, generation, begin := m.Server, g.pool.Generation(m), time.Now()
	s.busy.Add(1)
	s.touched.Add(1)
	defer func() {
		s.busy.Add(-1)
		g.pool.Release(m)
	}()
	a, err := g.exchange(ctx, s, k)
	n.server, n.attempts, n.worked = s.name, n.attempts+1, time.Since(begin)
	if err == nil {
		g.metrics.observe(stageWork, n.worked)
	}
	var gone *lost
	if errors.As(err, &gone) { // before it is released, so that no other photo gets a dead server
		g.lose(m, generation, gone.cause)
	}
	return a, err
}

// exchange sends a photo and receives the response. It holds back the photo's end until
// the server has finished the previous one.
func (g *Gateway) exchange(ctx context.Context, s *server, k *work) (*answer, error) {
	turn := &turn{server: s}
	defer turn.end()
	ctx, cancel := turn.context(ctx)
	defer cancel(nil)
	go g.guard(ctx, cancel, k.body)
	body := k.body.reader(func() error { return turn.take(ctx) })
	// RoundTrip returns only once the body is no longer read, and a client may send
	// the rest slowly.
	context.AfterFunc(ctx, func() { _ = body.Close() }) // never fails
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.String()+k.path, body)
	if err != nil {
		return nil, err
	}
	request.Header, request.ContentLength = k.header, k.length
	if size, ended, _ := k.body.state(); ended {
		request.ContentLength = size
	}
	if request.ContentLength == 0 {
		request.Body = http.NoBody
		if err := turn.take(ctx); err != nil {
			return nil, err
		}
	}
	a, err := g.roundTrip(s, request, turn)
	if err == nil {
		return a, nil
	}
	_, _, broken := k.body.state()
	switch cause := context.Cause(ctx); {
	case broken != nil:
		return nil, broken
	case errors.Is(cause, errSlow) || errors.Is(cause, errLeft):
		return nil, cause
	case cause != nil:
		err = cause
	}
	return nil, &lost{err, !turn.taken() || errors.Is(err, errTurnedDown)}
}

// roundTrip ends the turn as soon as the server starts to respond: the images do so once
// they have finished a photo.
func (g *Gateway) roundTrip(s *server, request *http.Request, turn *turn) (*answer, error) {
	response, err := g.transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	turn.end()
	defer response.Body.Close()
	a := newAnswer(s, response)
	if err := a.receive(response); err != nil {
		a.release()
		return nil, err
	}
	return a, nil
}

// guard ends an exchange if a slow upload occupies a server while other photos wait,
// or if the server is stuck.
func (g *Gateway) guard(ctx context.Context, cancel context.CancelCauseFunc, body *spool) {
	stuck := time.NewTimer(g.cfg.timing.workLimit)
	defer stuck.Stop()
	ticker := time.NewTicker(slowUpload)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stuck.C:
			cancel(errStuck)
		case <-ticker.C:
			if _, ended, _ := body.state(); ended {
				ticker.Stop()
			} else if g.waiting.Load() > 0 {
				cancel(errSlow)
			}
		}
	}
}
