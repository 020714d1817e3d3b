package lite

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// verbs are the methods supported by uvicorn's parser (llhttp, HTTP_ALL_METHOD_MAP).
var verbs = strings.Fields("DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE " +
	"PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY " +
	"SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY")

// exactPaths finds routes as the images do. http.ServeMux would redirect //health
// to /health, would not treat %2F as a slash, and would not find /health/.
func exactPaths(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.Path
		trimmed := strings.TrimRight(asked, "/")
		switch {
		case !slices.Contains(verbs, r.Method):
			w.Header().Set("Connection", "close")
			answer(w, http.StatusBadRequest, "text/plain; charset=utf-8", []byte("Invalid HTTP request received."))
		case asked != trimmed && isRoute(mux, trimmed):
			to := url.URL{Path: trimmed, RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", to.String())
			w.WriteHeader(http.StatusTemporaryRedirect)
		case asked != "/" && asked != path.Clean(asked):
			answerDetail(w, http.StatusNotFound, "Not Found")
		default:
			decoded := *r
			decoded.URL = &url.URL{Path: asked, RawQuery: r.URL.RawQuery}
			mux.ServeHTTP(w, &decoded)
		}
	})
}

// isRoute reports whether a path, without trailing slash, is a route.
func isRoute(mux *http.ServeMux, p string) bool {
	if p == "" || p != path.Clean(p) {
		return false
	}
	_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: p}})
	return pattern != "/"
}
