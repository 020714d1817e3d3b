package gateway

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"strconv"
	"sync"

	"github.com/djok/facecraft/internal/apidoc"
)

// pageNames are the routes of the documentation.
var pageNames = []string{"/docs", "/openapi.json"}

// pages are the documentation, from the schema of a server that was ready, so that
// requests for it do not reach the servers.
type pages struct {
	mu     sync.Mutex
	schema []byte
	docs   *apidoc.Page
}

// keep stores a server's schema, unless it is invalid.
func (p *pages) keep(schema []byte) {
	docs, err := apidoc.New(schema)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.schema, p.docs = schema, docs
}

func (p *pages) get() (schema []byte, docs *apidoc.Page) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.schema, p.docs
}

func (g *Gateway) page(w http.ResponseWriter, r *http.Request) {
	schema, docs := g.pages.get()
	kind := "application/json"
	switch {
	case docs == nil:
		answerLater(w, http.StatusServiceUnavailable, 1, "The servers are still starting")
		return
	case r.URL.Path == "/docs":
		kind, schema = "text/html; charset=utf-8", g.render(w, r, docs)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(schema)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(schema)
	}
}

// render returns the page with the address that the browser used. If keys are
// required, it has no form, because a form cannot send one.
func (g *Gateway) render(w http.ResponseWriter, r *http.Request, docs *apidoc.Page) []byte {
	nonce, scheme := rand.Text(), "http"
	if r.TLS != nil {
		scheme = "https"
	}
	place := apidoc.Place{Address: scheme + "://" + r.Host, Nonce: nonce}
	if g.cfg.Keys == nil {
		place.Engine = "Gateway"
	}
	var page bytes.Buffer
	if err := docs.Render(&page, place); err != nil {
		panic(err) // becomes a logged 500
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-"+nonce+"'")
	return page.Bytes()
}
