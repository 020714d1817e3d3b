package dockertest

import (
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

// FaultyRegistry is an empty registry of the test's own that counts what it
// serves, and misbehaves on demand.
type FaultyRegistry struct {
	Host string // HOST:PORT

	perConnection atomic.Int64 // bytes a second

	mu       sync.Mutex
	faults   []*plannedFault
	requests []string
	served   int64
	open     int
}

// Fault answers a request in place of the registry, or spoils its answer.
type Fault func(w http.ResponseWriter, r *http.Request, registry http.Handler)

type plannedFault struct {
	match string
	times int // negative: always
	fault Fault
}

// NewFaultyRegistry starts one that behaves until it is told otherwise.
func NewFaultyRegistry(t testing.TB) *FaultyRegistry {
	t.Helper()
	f := &FaultyRegistry{}
	blobs := registry.NewInMemoryBlobHandler()
	inner := withRanges(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(blobs)), blobs)
	server := registryServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := f.next(r)
		defer f.finish()
		counted := &countingWriter{ResponseWriter: w, registry: f,
			counts: r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/")}
		if fault != nil {
			fault(counted, r, inner)
			return
		}
		inner.ServeHTTP(counted, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // cut connections are meant
	server.Listener = line{server.Listener, &f.perConnection}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // a stalled answer has no end of its own
		server.Close()
	})
	f.Host = strings.TrimPrefix(server.URL, "http://")
	return f
}

// withRanges answers requests for a part of a blob, with which a daemon goes
// on after an interruption; the library's registry does not know open ranges.
func withRanges(inner http.Handler, blobs registry.BlobHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if digest, err := v1.NewHash(path.Base(r.URL.Path)); err == nil && r.Method == http.MethodGet && r.Header.Get("Range") != "" {
			blob, err := blobs.Get(r.Context(), "", digest)
			if content, ok := blob.(io.ReadSeeker); ok && err == nil {
				http.ServeContent(w, r, "", time.Time{}, content)
				return
			}
		}
		inner.ServeHTTP(w, r)
	})
}

// next finds the fault for a request, and writes the request down.
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

// Open is how many requests are being answered now.
func (f *FaultyRegistry) Open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// Fail spoils the next times requests whose "METHOD /path" contains match;
// with a negative number, all of them.
func (f *FaultyRegistry) Fail(match string, times int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &plannedFault{match, times, fault})
}

// LimitConnections has each connection send at most so many bytes a second; 0
// ends that.
func (f *FaultyRegistry) LimitConnections(rate int64) { f.perConnection.Store(rate) }

// Reset ends all faults and begins to count anew.
func (f *FaultyRegistry) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.requests, f.served = nil, nil, 0
}

// Served is how many bytes of blobs were sent.
func (f *FaultyRegistry) Served() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served
}

// Count is how many requests there were whose "METHOD /path" contains match.
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

// countingWriter adds what a successful answer carries to the registry's
// account.
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

// Answer gives a status with one of the registry protocol's error codes.
func Answer(status int, code, message string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, `{"errors":[{"code":"`+code+`","message":"`+message+`"}]}`)
	}
}

// OnlyForDaemons answers everybody but this program itself, as a firewall may
// that lets daemons pass.
func OnlyForDaemons(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	if !strings.Contains(r.UserAgent(), "go-containerregistry") {
		registry.ServeHTTP(w, r)
		return
	}
	Answer(http.StatusServiceUnavailable, "UNAVAILABLE", "not for you")(w, r, registry)
}

// CutAfter resets the connection after n bytes of the answer.
func CutAfter(n int) Fault {
	return throttled(n, func(*http.Request) { panic(http.ErrAbortHandler) })
}

// StallAfter sends n bytes of the answer and then nothing more, until the
// other side gives up.
func StallAfter(n int) Fault {
	return throttled(n, func(r *http.Request) { <-r.Context().Done(); panic(http.ErrAbortHandler) })
}

// Slow sends the answer in pieces of n bytes with a pause before each.
func Slow(n int, pause time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		registry.ServeHTTP(&slowWriter{w, n, pause, r}, r)
	}
}

// Corrupt flips a bit in the middle of the answer.
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

// Instead answers with what is under another path of the registry.
func Instead(path string) Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		other := r.Clone(r.Context())
		other.URL.Path = path
		registry.ServeHTTP(w, other)
	}
}

// throttled passes n bytes on and then does what the fault does.
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

// token is what the registry's token service gives for the login.
const token = "opaque-token"

// RequireBasic has the registry demand a login by HTTP basic authentication.
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

// RequireToken has the registry demand a bearer token, as Docker Hub does,
// which its token service gives for the login.
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
