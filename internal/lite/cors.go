package lite

import (
	"net/http"
	"slices"
	"strings"
)

// anyOrigin allows every web page.
const anyOrigin = "*"

// withCORS lets pages of the configured origins read responses, or all pages if
// none is configured. Unlike the images, it never allows credentials, because the
// built-in engine uses none.
func (e *Engine) withCORS(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		allowed := e.allowOrigin(w.Header(), origin)
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			e.preflight(w, r, allowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (e *Engine) allowOrigin(h http.Header, origin string) bool {
	if e.cfg.CORSOrigins == nil || slices.Contains(e.cfg.CORSOrigins, anyOrigin) {
		h.Set("Access-Control-Allow-Origin", anyOrigin)
		return true
	}
	h.Add("Vary", "Origin") // otherwise a shared cache could serve one origin's response to another
	if !slices.Contains(e.cfg.CORSOrigins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	return true
}

// preflight answers the browser's CORS preflight request.
func (e *Engine) preflight(w http.ResponseWriter, r *http.Request, allowed bool) {
	methods := []string{http.MethodGet}
	if e.cfg.CORSOrigins != nil {
		methods = append(methods, http.MethodPost, http.MethodDelete)
	}
	switch {
	case !allowed:
		http.Error(w, "Disallowed CORS origin", http.StatusBadRequest)
		return
	case !slices.Contains(methods, r.Header.Get("Access-Control-Request-Method")):
		http.Error(w, "Disallowed CORS method", http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	h.Set("Access-Control-Max-Age", "600")
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		h.Set("Access-Control-Allow-Headers", headers)
	}
	w.WriteHeader(http.StatusOK)
}
