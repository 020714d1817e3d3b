package lite

import (
	"bytes"
	"crypto/rand"
	"net/http"

	"github.com/djok/facecraft/internal/apidoc"
)

// serveDocs serves the documentation, with the address the browser used.
func (e *Engine) serveDocs(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if host == "" { // HTTP/1.0; all other hosts have been checked
		host = "localhost:8000"
	}
	nonce := rand.Text()
	var page bytes.Buffer
	place := apidoc.Place{Address: "http://" + host, Nonce: nonce, Engine: "Lite engine"}
	if err := e.docs.Render(&page, place); err != nil {
		panic(err) // becomes a logged 500
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-"+nonce+"'")
	answer(w, http.StatusOK, "text/html; charset=utf-8", page.Bytes())
}
