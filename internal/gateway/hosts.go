package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A web page can point its own name at any address (DNS rebinding), so that a
// browser takes the page and this gateway for one site. The Host header then has
// the page's name, so only configured hosts are accepted, including the port,
// whatever address the request came to.

// admitOnly prepares the checks of hosts and origins.
func (g *Gateway) admitOnly(hosts, origins []string) error {
	g.hosts, g.origins = map[string]bool{}, map[string]bool{}
	for _, host := range hosts {
		if host == AnyHost && g.cfg.Keys == nil {
			return errors.New("refusing to answer to any host without an API key: a web page could use the servers")
		}
		g.hosts[strings.ToLower(host)] = true
	}
	g.browser = http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := g.browser.AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("invalid origin: %w", err)
		}
		g.origins[origin] = true
	}
	return nil
}

// withHost refuses requests for other host names.
func (g *Gateway) withHost(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !g.answersTo(r.Host) {
			answerDetail(w, http.StatusMisdirectedRequest, "Unknown host: the gateway answers only to the names it was given")
			return
		}
		next(w, r)
	}
}

func (g *Gateway) answersTo(host string) bool {
	return g.hosts[strings.ToLower(host)] || g.hosts[AnyHost]
}

// withSite refuses requests that a browser makes for a page of a different origin.
// That includes reading, because fetching a result deletes it on the server.
func (g *Gateway) withSite(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		unsafe := *r
		unsafe.Method = http.MethodPost
		if g.browser.Check(&unsafe) != nil {
			answerDetail(w, http.StatusForbidden, "Disallowed origin: this page may not use the API")
			return
		}
		next(w, r)
	}
}

// corsMethods are what pages of named origins may send.
var corsMethods = []string{http.MethodDelete, http.MethodGet, http.MethodPost}

// withCORS lets pages of named origins read responses, and responds to preflights.
func (g *Gateway) withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Origin") // a shared cache must not serve one origin's answer to another
		if g.origins[origin] {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", serverHeader+", Retry-After")
		}
		if wanted := r.Header.Get("Access-Control-Request-Method"); r.Method == http.MethodOptions && wanted != "" {
			g.preflight(w, g.origins[origin] && slices.Contains(corsMethods, wanted))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g *Gateway) preflight(w http.ResponseWriter, allowed bool) {
	if !allowed {
		answerDetail(w, http.StatusBadRequest, "Disallowed CORS origin or method")
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", strings.Join(corsMethods, ", "))
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
