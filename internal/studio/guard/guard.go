// Package guard protects a server on a loopback port from other websites, other
// machines and other users of this machine. Each rule is tested by an attack in
// attacks_test.go.
package guard

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The headers by which a page proves that it was opened by the user.
const (
	TokenHeader = "X-Facecraft-Token" // once, in exchange for a key
	KeyHeader   = "X-Facecraft-Key"   // with each request after that
)

// private are the paths that need a key.
const private = "/api/"

// sessionPath is where a token is exchanged for a key.
const sessionPath = "/api/session"

// Guard checks requests before all handlers.
type Guard struct {
	hosts       []string
	Tokens      Secrets // in the fragment of the URL that the browser opens
	keys        Secrets
	crossOrigin http.CrossOriginProtection
}

// New returns a guard for a server at these hosts, each with its port.
func New(hosts ...string) *Guard { return &Guard{hosts: hosts} }

// Protect returns a handler that passes on the requests that obey all rules. The
// host is checked first: with DNS rebinding, a page of another website can reach
// this port under its own name. (CVE-2024-28224)
func (g *Guard) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(g.hosts, r.Host) {
			Refuse(w, http.StatusForbidden, "this server does not answer to that name", "")
			return
		}
		harden(w.Header())
		switch {
		case g.isCrossOrigin(r):
			Refuse(w, http.StatusForbidden, "requests of other websites are refused", "")
		case r.URL.Path == sessionPath && r.Method == http.MethodPost:
			g.enter(w, r)
		case strings.HasPrefix(r.URL.Path, private) && !g.keys.Has(r.Header.Get(KeyHeader)):
			Refuse(w, http.StatusUnauthorized, "this page was not opened by facecraft, or facecraft was restarted",
				"run facecraft studio again")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// harden sets the headers of every response. A page replaces the
// Content-Security-Policy with its PagePolicy.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// PagePolicy is the Content-Security-Policy of a page whose scripts and styles
// carry the nonce.
func PagePolicy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" + nonce + "'; connect-src 'self'; " +
		"img-src blob: 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}

// isCrossOrigin reports whether a request comes from another website. The origin
// "null" is that of sandboxed frames and local files, which anyone can create.
// Reading is refused, too, except for following a link to the page, which
// shows nothing without a key.
func (g *Guard) isCrossOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if !g.isOwn(origin) {
			return true
		}
	}
	if g.crossOrigin.Check(r) != nil {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// isOwn compares the whole origin: localhost.example.com only starts like a
// name of this machine.
func (g *Guard) isOwn(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Scheme == "http" && u.Path == "" && u.User == nil && slices.Contains(g.hosts, u.Host)
}

// enter exchanges a token for a key.
func (g *Guard) enter(w http.ResponseWriter, r *http.Request) {
	if !g.Tokens.Spend(r.Header.Get(TokenHeader)) {
		Refuse(w, http.StatusUnauthorized, "this link was used before, or is too old", "run facecraft studio again")
		return
	}
	Answer(w, http.StatusOK, map[string]string{"key": g.keys.New()})
}

// Answer writes JSON.
func Answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

// Problem is an error as the page shows it.
type Problem struct {
	What string `json:"what"`
	Fix  string `json:"fix"`
}

// Refuse answers with an error: what happened, and what to do about it.
func Refuse(w http.ResponseWriter, status int, what, fix string) {
	Answer(w, status, map[string]Problem{"error": {what, fix}})
}
