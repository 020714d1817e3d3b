package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
)

// note collects what the log and the metrics say about a request. It never contains
// a key, a file name or a path: a path can contain anything.
type note struct {
	route, key, server string
	received           int64
	attempts           int
	queued, worked     time.Duration
}

type noteKey struct{}

// noteOf returns the note of a request that passed withLog.
func noteOf(r *http.Request) *note {
	n, _ := r.Context().Value(noteKey{}).(*note)
	return n
}

// requestLog writes lines of JSON.
type requestLog struct{ *slog.Logger }

func newRequestLog(w io.Writer) *requestLog {
	return &requestLog{slog.New(slog.NewJSONHandler(w, nil))}
}

// withLog writes a line for each request, and counts it. Probes, which come every few
// seconds, are only counted.
func (g *Gateway) withLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin, n := time.Now(), &note{route: "other"}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer func() {
			fault := recover()
			if err, ok := fault.(error); fault != nil && !(ok && errors.Is(err, http.ErrAbortHandler)) {
				g.log.Error("panic", "route", n.route, "fault", fault)
				if seen.written == 0 {
					answerDetail(seen, http.StatusInternalServerError, "Internal Server Error")
				}
			}
			g.metrics.count(n, seen.status)
			if !isProbe(n.route) {
				g.log.request(r, n, seen, time.Since(begin))
			}
			if fault != nil {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), noteKey{}, n)))
	})
}

func (l *requestLog) request(r *http.Request, n *note, w *statusWriter, took time.Duration) {
	fields := []slog.Attr{
		slog.String("method", knownMethod(r.Method)), slog.String("route", n.route), slog.Int("status", w.status),
		slog.Float64("ms", milliseconds(took)), slog.Int64("bytes_in", n.received), slog.Int64("bytes_out", w.written),
		slog.String("client", r.RemoteAddr),
	}
	if n.key != "" {
		fields = append(fields, slog.String("key", n.key))
	}
	if n.server != "" {
		fields = append(fields, slog.String("server", n.server), slog.Int("attempts", n.attempts),
			slog.Float64("queue_ms", milliseconds(n.queued)), slog.Float64("work_ms", milliseconds(n.worked)))
	}
	l.LogAttrs(context.Background(), slog.LevelInfo, "request", fields...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// knownMethod keeps arbitrary methods from clients out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	}
	return "other"
}

// statusWriter records the status and length of a response.
type statusWriter struct {
	http.ResponseWriter
	status  int
	written int64
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// statusText is a status as a metrics label.
func statusText(status int) string { return strconv.Itoa(status) }
