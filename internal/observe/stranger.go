package observe

import (
	"context"
	"net/http"
	"strings"
)

// strangersOrigin is the origin of a website unrelated to the server.
const strangersOrigin = "https://stranger.invalid"

// stranger sends requests like another website's script: first a preflight for
// a POST, then a GET with the visitor's cookies.
func (w *watcher) stranger(ctx context.Context) {
	if !w.order.Stranger {
		return
	}
	preflight, err := w.ask(ctx, http.MethodOptions, "/api/v1/process", map[string]string{
		"Origin": strangersOrigin, "Access-Control-Request-Method": http.MethodPost})
	if err != nil {
		return
	}
	w.seen.CORS = &CORS{}
	if preflight.status/100 == 2 {
		w.seen.CORS = corsOf(preflight.header)
	}
	if w.seen.CORS.Origin != "" {
		return
	}
	// What any page may read anonymously is not secret; what it may read as the
	// visitor is.
	read, err := w.ask(ctx, http.MethodGet, "/status", map[string]string{"Origin": strangersOrigin, "Cookie": "session=1"})
	if err == nil && read.header.Get("Access-Control-Allow-Credentials") == "true" {
		w.seen.CORS = corsOf(read.header)
	}
}

func corsOf(header http.Header) *CORS {
	return &CORS{header.Get("Access-Control-Allow-Origin"), header.Get("Access-Control-Allow-Credentials")}
}

// Allowed reports whether the other website was let in.
func (c CORS) Allowed() bool { return c.Origin == "*" || strings.EqualFold(c.Origin, strangersOrigin) }

// keys posts a photo without a key, and with a wrong one in each place where
// servers look for keys.
func (w *watcher) keys(ctx context.Context) {
	if !w.order.NoKey {
		return
	}
	w.seen.NoKey, _, _ = w.post(ctx, 0, nil)
	w.seen.WrongKey, _, _ = w.post(ctx, 0, map[string]string{"X-API-Key": "wrong", "Authorization": "Bearer wrong"})
}
