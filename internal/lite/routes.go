package lite

import (
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
)

// routes returns the handler for all endpoints. As in the images, only the
// documentation supports HEAD.
func (e *Engine) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", methods{"GET": e.root})
	mux.Handle("/docs", methods{"GET": e.serveDocs, "HEAD": e.serveDocs})
	mux.Handle("/openapi.json", methods{"GET": serveSchema, "HEAD": serveSchema})
	mux.Handle("/health", methods{"GET": e.health})
	mux.Handle("/ready", methods{"GET": e.ready})
	mux.Handle("/readiness", methods{"GET": e.readiness})
	mux.Handle("/status", methods{"GET": e.status})
	mux.Handle("/api/v1/process", methods{"POST": e.process})
	mux.Handle("/api/v1/process/quick", methods{"POST": e.processQuick})
	mux.Handle("/api/v1/process/batch", methods{"POST": e.processBatch})
	mux.Handle("/api/v1/download/{job_id}/{format}", methods{"GET": e.download})
	mux.Handle("/api/v1/jobs/{job_id}", methods{"DELETE": e.deleteJob})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		answerDetail(w, http.StatusNotFound, "Not Found")
	})
	return exactPaths(mux)
}

// methods handles one path. http.ServeMux could select by method, but its errors
// are plain text instead of JSON.
type methods map[string]http.HandlerFunc

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handle, ok := m[r.Method]; ok {
		handle(w, r)
		return
	}
	allowed := make([]string, 0, len(m))
	for method := range m {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	answerDetail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
}

func (e *Engine) root(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/docs", http.StatusTemporaryRedirect)
}

// withRecovery turns a panic in a handler into a 500 and a log entry.
func (e *Engine) withRecovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(fault) // the way to drop a connection in net/http
			}
			e.log.Printf("ERROR:    panic in %s %s: %v\n%s", r.Method, r.URL.EscapedPath(), fault, debug.Stack())
			answerDetail(w, http.StatusInternalServerError, "Internal Server Error")
		}()
		next.ServeHTTP(w, r)
	})
}

// withLog logs each request in uvicorn's format, so that the logs look the same as
// those of the images.
func (e *Engine) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			e.log.Printf("INFO:     %s - \"%s %s %s\" %d %s", r.RemoteAddr, r.Method, r.URL.EscapedPath(), r.Proto,
				seen.status, http.StatusText(seen.status))
		}()
		next.ServeHTTP(seen, r)
	})
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
