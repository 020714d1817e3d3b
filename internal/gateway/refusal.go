package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/djok/facecraft/internal/format"
)

// refusal is an error with the response that the client gets.
type refusal struct {
	status int
	after  int // seconds for Retry-After, or 0
	detail string
}

func (r *refusal) Error() string { return r.detail }

var (
	errStarting = &refusal{http.StatusServiceUnavailable, 1, "Models are still loading"}
	errNoServer = &refusal{http.StatusServiceUnavailable, 10, "No server is available"}
	errDied     = &refusal{http.StatusBadGateway, 0, "Two servers stopped while they processed this photo"}
	errTooOften = &refusal{http.StatusBadGateway, 10, "The servers do not accept photos"}
	errTooSlow  = &refusal{http.StatusRequestTimeout, 0, "The upload was too slow"}
	errTooMany  = &refusal{http.StatusRequestEntityTooLarge, 0, fmt.Sprintf("too many files: the limit is %d", maxBatch)}
	errBroken   = &refusal{http.StatusBadRequest, 0, "There was an error parsing the body"}
)

func (g *Gateway) errFull() *refusal {
	return &refusal{http.StatusTooManyRequests, g.retryAfter(), "Too many photos are waiting: try again later"}
}

// errTooLarge has the same text as in the built-in engine.
func (g *Gateway) errTooLarge() *refusal {
	return &refusal{http.StatusRequestEntityTooLarge, 0,
		"upload too large: the limit is " + format.Memory(g.cfg.MaxUpload)}
}

// errBatchTooLarge says what to do instead.
func (g *Gateway) errBatchTooLarge() *refusal {
	return &refusal{http.StatusRequestEntityTooLarge, 0,
		"batch too large: the limit is " + format.Memory(batchPhotos*g.cfg.MaxUpload) + "; send fewer photos at once"}
}

// refusalFor returns the response to an error in receiving or processing a photo.
func (g *Gateway) refusalFor(err error) *refusal {
	var known *refusal
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large):
		return g.errTooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	}
	return errBroken
}

// refuse responds without reading the rest of an upload. Closing the connection keeps
// net/http from waiting for it.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, err error) {
	why := g.refusalFor(err)
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
	}
	if why.after > 0 {
		answerLater(w, why.status, why.after, why.detail)
		return
	}
	answerDetail(w, why.status, why.detail)
}
