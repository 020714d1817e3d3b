package inventory

import (
	"net/http"
	"strings"
	"sync"
)

// recorded counts the blobs that are fetched.
func recorded(handler http.Handler, blobs *int) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			mu.Lock()
			*blobs++
			mu.Unlock()
		}
		handler.ServeHTTP(w, r)
	})
}
