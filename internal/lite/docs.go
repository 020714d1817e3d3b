package lite

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"regexp"

	"github.com/djok/facecraft/internal/apidoc"
)

// hostPattern is what may stand in a Host header: a name or an address and a
// port. People paste the page's commands into a shell.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// serveDocs writes the documentation with the address under which the browser
// reached it.
func (e *Engine) serveDocs(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if !hostPattern.MatchString(host) {
		host = "localhost:8000"
	}
	nonce := rand.Text()
	var page bytes.Buffer
	if err := e.docs.Render(&page, apidoc.Place{Address: "http://" + host, Nonce: nonce, Engine: "Lite engine"}); err != nil {
		panic(err) // answered as a 500 and logged
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src blob: data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; script-src 'nonce-"+nonce+"'")
	_, _ = page.WriteTo(w)
}
