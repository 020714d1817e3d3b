package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
)

// explained adds to a server's failure over a photo what its own log says of
// that: the answer is mostly "Internal Server Error" alone.
func (p *photos) explained(ctx context.Context, r batch.Result) batch.Result {
	var failed *api.Failed
	if r.Outcome != batch.Failed || p.session == nil || !errors.As(r.Err, &failed) || failed.Status < http.StatusInternalServerError {
		return r
	}
	server, ok := p.session.processors[r.Server]
	if !ok {
		return r // elsewhere, where its log cannot be read
	}
	if line := p.session.Stumble(ctx, server, time.Now().Add(-r.Took-time.Second)); line != "" {
		r.Err = fmt.Errorf("%w; its log says: %s", r.Err, line)
	}
	return r
}
