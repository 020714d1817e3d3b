package lite

import (
	"bytes"
	"crypto/rand"
	"net/http"

	"github.com/djok/facecraft/internal/apidoc"
)

// serveDocs writes the documentation with the address under which the browser
// reached it.
func (e *Engine) serveDocs(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if host == "" { // of HTTP/1.0; every other was let through
		host = "localhost:8000"
	}
	nonce := rand.Text()
	var page bytes.Buffer
	if err := e.docs.Render(&page, apidoc.Place{Address: "http://" + host, Nonce: nonce, Engine: "Lite engine"}); err != nil {
		panic(err) // answered as a 500 and logged
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-"+nonce+"'")
	answer(w, http.StatusOK, "text/html; charset=utf-8", page.Bytes())
}
