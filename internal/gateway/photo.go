package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"
)

// maxAnswer limits a response, in bytes: two images of 4096×4096 in base64.
const maxAnswer = 128 << 20

// single processes the photo of a request. It responds to errors itself, and then
// returns nil. The caller releases the answer.
func (g *Gateway) single(w http.ResponseWriter, r *http.Request) *answer {
	a, err := g.forward(w, r)
	if err != nil {
		g.refuse(w, r, err)
		return nil
	}
	return a
}

// enter takes a place for a photo: at a server or in the queue.
func (g *Gateway) enter() (leave func(), err error) {
	switch {
	case !g.everReady.Load():
		return nil, errStarting
	case g.photos.Add(1) > int64(g.cfg.Queue+len(g.servers)):
		g.photos.Add(-1)
		return nil, g.errFull()
	}
	g.received.Add(1)
	return func() { g.photos.Add(-1) }, nil
}

// forward passes on a request unchanged. The upload is sent to a server while it
// arrives, or kept in memory while no server is free.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request) (*answer, error) {
	limit := g.cfg.MaxUpload + formBytes
	if r.ContentLength > limit {
		return nil, g.errTooLarge()
	}
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	size := r.ContentLength
	if size < 0 {
		size = limit
	}
	free, err := g.memory.take(r.Context(), size)
	if err != nil {
		return nil, err
	}
	defer free()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	body := newSpool()
	defer body.release()
	defer g.receive(w, r, body, size, cancel)()
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	a, err := g.make(ctx, &work{path: path, header: forwarded(r.Header), body: body, length: r.ContentLength}, noteOf(r))
	if errors.Is(err, errLeft) || errors.Is(err, context.Canceled) {
		// net/http cancels a request's context before it returns the read error.
		err = cmp.Or(body.awaitEnd(), err)
	}
	return a, err
}

// receive reads the body of a request in the background. An error ends the context
// behind cancel. The function it returns stops reading.
func (g *Gateway) receive(
	w http.ResponseWriter, r *http.Request, body *spool, size int64, cancel context.CancelCauseFunc,
) (stop func()) {
	connection, begin, n := http.NewResponseController(w), time.Now(), noteOf(r)
	// net/http may not support deadlines in tests; then there is no limit.
	_ = connection.SetWriteDeadline(time.Time{})
	_ = connection.SetReadDeadline(begin.Add(g.allowance(size)))
	received := make(chan struct{})
	go func() {
		defer close(received)
		if err := body.fill(r.Body, g.cfg.MaxUpload+formBytes); err != nil {
			cancel(err)
			return
		}
		_ = connection.SetReadDeadline(time.Time{})
		g.metrics.observe(stageUpload, time.Since(begin))
	}()
	return func() {
		if _, ended, _ := body.state(); !ended { // a server has responded early
			_ = connection.SetReadDeadline(time.Unix(1, 0))
		}
		<-received
		n.received, _, _ = body.state()
	}
}
