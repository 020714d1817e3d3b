package lite

import (
	"net/http"
	"slices"
)

// withCORS lets pages of the configured origins use the API. Unlike the real
// server it never allows credentials: this one has none.
func (e *Engine) withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		allowed := e.allowOrigin(w.Header(), origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			preflight(w, r, allowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (e *Engine) allowOrigin(h http.Header, origin string) bool {
	if slices.Contains(e.cfg.CORSOrigins, "*") {
		h.Set("Access-Control-Allow-Origin", "*")
		return true
	}
	h.Add("Vary", "Origin") // or a shared cache would hand one origin's answer to another
	if !slices.Contains(e.cfg.CORSOrigins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	return true
}

// preflight answers the browser's question whether it may send the request.
func preflight(w http.ResponseWriter, r *http.Request, allowed bool) {
	if !allowed {
		http.Error(w, "Disallowed CORS origin", http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Max-Age", "600")
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	w.WriteHeader(http.StatusOK)
}
