package dockertest

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// FaultyRegistry is an empty registry for a test. It counts what it serves, and
// misbehaves on demand.
type FaultyRegistry struct {
	Host string // HOST:PORT

	perConnection atomic.Int64 // bytes a second

	mu       sync.Mutex
	faults   []*plannedFault
	requests []string
	served   int64
	open     int
}

// Fault answers a request instead of the registry, or corrupts its answer.
type Fault func(w http.ResponseWriter, r *http.Request, registry http.Handler)

type plannedFault struct {
	match string
	times int // negative: always
	fault Fault
}

// NewFaultyRegistry starts a registry that works normally until Fail is called.
func NewFaultyRegistry(t testing.TB) *FaultyRegistry {
	t.Helper()
	f := &FaultyRegistry{}
	closing, end := context.WithCancel(context.Background())
	blobs := registry.NewInMemoryBlobHandler()
	inner := withRanges(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(blobs)), blobs)
	server := registryServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := f.next(r)
		defer f.finish()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(closing, cancel)()
		r = r.WithContext(ctx)
		counted := &countingWriter{ResponseWriter: w, registry: f,
			counts: r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")}
		if fault != nil {
			fault(counted, r, inner)
			return
		}
		inner.ServeHTTP(counted, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections are cut on purpose
	server.Listener = line{server.Listener, &f.perConnection}
	server.Start()
	t.Cleanup(func() {
		end() // a stalled answer never ends by itself, nor does one to a client that retries
		server.CloseClientConnections()
		server.Close()
	})
	f.Host = strings.TrimPrefix(server.URL, "http://")
	return f
}

// withRanges handles range requests for blobs, which a daemon uses to resume;
// the library's registry does not support open ranges.
func withRanges(inner http.Handler, blobs registry.BlobHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		digest, err := v1.NewHash(path.Base(r.URL.Path))
		if err == nil && r.Method == http.MethodGet && r.Header.Get("Range") != "" {
			blob, err := blobs.Get(r.Context(), "", digest)
			if content, ok := blob.(io.ReadSeeker); ok && err == nil {
				http.ServeContent(w, r, "", time.Time{}, content)
				return
			}
		}
		inner.ServeHTTP(w, r)
	})
}

// next returns the fault for a request, and records the request.
func (f *FaultyRegistry) next(r *http.Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
	line := r.Method + " " + r.URL.Path
	f.requests = append(f.requests, line)
	for _, planned := range f.faults {
		if planned.times != 0 && strings.Contains(line, planned.match) {
			planned.times--
			return planned.fault
		}
	}
	return nil
}

func (f *FaultyRegistry) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
}

// Open returns how many requests are in progress.
func (f *FaultyRegistry) Open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// Fail applies a fault to the next times requests whose "METHOD /path" contains
// match; a negative number means all of them.
func (f *FaultyRegistry) Fail(match string, times int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &plannedFault{match, times, fault})
}

// LimitConnections has each connection send at most so many bytes a second; 0
// ends that.
func (f *FaultyRegistry) LimitConnections(rate int64) { f.perConnection.Store(rate) }

// Reset removes all faults and resets the counters.
func (f *FaultyRegistry) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.requests, f.served = nil, nil, 0
}

// Served returns how many bytes of blobs were sent.
func (f *FaultyRegistry) Served() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served
}

// Count returns how many requests had a "METHOD /path" that contains match.
func (f *FaultyRegistry) Count(match string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, line := range f.requests {
		if strings.Contains(line, match) {
			n++
		}
	}
	return n
}

// countingWriter adds the size of successful responses to the registry's
// counter.
type countingWriter struct {
	http.ResponseWriter
	registry *FaultyRegistry
	counts   bool
}

func (w *countingWriter) WriteHeader(status int) {
	w.counts = w.counts && status/100 == 2
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if w.counts {
		w.registry.mu.Lock()
		w.registry.served += int64(n)
		w.registry.mu.Unlock()
	}
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Answer responds with a status and an error code of the registry protocol.
func Answer(status int, code, message string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, `{"errors":[{"code":"`+code+`","message":"`+message+`"}]}`)
	}
}

// OnlyForDaemons serves everybody except this program, like a firewall that
// only lets daemons through.
func OnlyForDaemons(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	if !strings.Contains(r.UserAgent(), "go-containerregistry") {
		registry.ServeHTTP(w, r)
		return
	}
	Answer(http.StatusServiceUnavailable, "UNAVAILABLE", "not for you")(w, r, registry)
}

// CutAfter resets the connection after n bytes of the response.
func CutAfter(n int) Fault {
	return throttled(n, func(*http.Request) { panic(http.ErrAbortHandler) })
}

// StallAfter sends n bytes of the response and then nothing, until the client
// gives up.
func StallAfter(n int) Fault {
	return throttled(n, func(r *http.Request) { <-r.Context().Done(); panic(http.ErrAbortHandler) })
}

// StallAfterHeaders sends nothing of the response's body, until the client gives
// up.
func StallAfterHeaders(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	registry.ServeHTTP(&limitedWriter{ResponseWriter: w, then: func() {
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}}, r)
}

// Slow sends the response in chunks of n bytes with a pause before each.
func Slow(n int, pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		registry.ServeHTTP(&slowWriter{w, n, pause, r}, r)
	}
}

// Corrupt flips a bit in the middle of the response.
func Corrupt(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	recorder := httptest.NewRecorder()
	registry.ServeHTTP(recorder, r)
	body := recorder.Body.Bytes()
	body[len(body)/2] ^= 1
	for name, values := range recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorder.Code)
	w.Write(body)
}

// Instead serves what is at a different path of the registry.
func Instead(path string) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		other := r.Clone(r.Context())
		other.URL.Path = path
		registry.ServeHTTP(w, other)
	}
}

// throttled passes n bytes on and then calls then.
func throttled(n int, then func(*http.Request)) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		if n == 0 {
			then(r)
			return
		}
		registry.ServeHTTP(&limitedWriter{ResponseWriter: w, left: n, then: func() {
			http.NewResponseController(w).Flush()
			then(r)
		}}, r)
	}
}

type limitedWriter struct {
	http.ResponseWriter
	left int
	then func()
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) < w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	w.ResponseWriter.Write(p[:w.left])
	w.then()
	return w.left, io.ErrClosedPipe
}

type slowWriter struct {
	http.ResponseWriter
	piece int
	pause time.Duration
	r     *http.Request
}

func (w *slowWriter) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		select {
		case <-w.r.Context().Done():
			return written, w.r.Context().Err()
		case <-time.After(w.pause):
		}
		n, err := w.ResponseWriter.Write(p[:min(w.piece, len(p))])
		written += n
		if err != nil {
			return written, err
		}
		http.NewResponseController(w.ResponseWriter).Flush()
		p = p[n:]
	}
	return written, nil
}

// User and Password are the login of a protected registry.
const (
	User     = "someone"
	Password = "secret"
)

// token is what the registry's token service returns for the login.
const token = "opaque-token"

// RequireBasic makes the registry require HTTP basic authentication.
func RequireBasic(f *FaultyRegistry) {
	f.Fail("/v2/", -1, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		user, password, _ := r.BasicAuth()
		if user == User && password == Password {
			registry.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		Answer(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")(w, r, registry)
	})
}

// RequireToken makes the registry require a bearer token from its token
// service, as Docker Hub does.
func RequireToken(f *FaultyRegistry) {
	f.Fail("/token", -1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		user, password, _ := r.BasicAuth()
		if user != User || password != Password {
			Answer(http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")(w, r, nil)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"token":"`+token+`","expires_in":300}`)
	})
	f.Fail("/v2/", -1, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			registry.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+f.Host+`/token",service="test"`)
		Answer(http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")(w, r, registry)
	})
}
