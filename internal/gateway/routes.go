package gateway

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The routes that orchestrators probe.
const (
	healthRoute    = "/health"
	readyRoute     = "/ready"
	readinessRoute = "/readiness"
)

func isProbe(route string) bool {
	return route == healthRoute || route == readyRoute || route == readinessRoute
}

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

// routes returns the handler of all known paths; everything else is 404. Health and
// readiness accept any host and need no key: orchestrators use addresses, and the
// responses reveal nothing else. The documentation needs no key because a browser
// cannot send one.
func (g *Gateway) routes() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, m methods) { mux.Handle(pattern, named(pattern, m)) }
	page := func(pattern string, m methods) { open(pattern, m.wrapped(g.withHost)) }
	api := func(pattern string, m methods) { page(pattern, m.wrapped(g.withKey).wrapped(g.withSite)) }
	open(healthRoute, methods{"GET": g.health})
	open(readyRoute, methods{"GET": g.ready})
	open(readinessRoute, methods{"GET": g.readiness})
	page("/{$}", methods{"GET": root})
	for _, name := range pageNames {
		page(name, methods{"GET": g.page, "HEAD": g.page})
	}
	api("/metrics", methods{"GET": promhttp.HandlerFor(g.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP})
	api("/status", methods{"GET": g.status})
	api(processRoute, methods{"POST": g.process})
	api("/api/v1/process/quick", methods{"POST": g.quick})
	api("/api/v1/process/batch", methods{"POST": g.batch})
	api("/api/v1/download/{job_id}/{format}", methods{"GET": g.download})
	api("/api/v1/jobs/{job_id}", methods{"DELETE": g.deleteJob})
	mux.HandleFunc("/", notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && r.URL.Path != path.Clean(r.URL.Path) { // the mux would redirect
			notFound(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	answerDetail(w, http.StatusNotFound, "Not Found")
}

func root(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/docs", http.StatusTemporaryRedirect)
}

// wrapped returns the methods behind a check.
func (m methods) wrapped(check func(http.HandlerFunc) http.HandlerFunc) methods {
	checked := methods{}
	for method, handle := range m {
		checked[method] = check(handle)
	}
	return checked
}

// named serves the methods of a route, and records its name for log and metrics.
func named(pattern string, m methods) http.Handler {
	allowed := make([]string, 0, len(m))
	for method := range m {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noteOf(r).route = pattern
		if handle, ok := m[r.Method]; ok {
			handle(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		answerDetail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	})
}

func (g *Gateway) health(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, map[string]string{"status": "healthy"})
}

// readiness has the body of the images' /ready, but with a meaningful status.
func (g *Gateway) readiness(w http.ResponseWriter, _ *http.Request) {
	status := http.StatusOK
	if !g.anyReady() {
		status = http.StatusServiceUnavailable
	}
	g.answerReady(w, status)
}

func (g *Gateway) ready(w http.ResponseWriter, _ *http.Request) { g.answerReady(w, http.StatusOK) }

func (g *Gateway) answerReady(w http.ResponseWriter, status int) {
	ready := g.anyReady()
	answerJSON(w, status, struct {
		Ready  bool `json:"ready"`
		Loaded bool `json:"models_loaded"`
	}{ready, ready})
}
