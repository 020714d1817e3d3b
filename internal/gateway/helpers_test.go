package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/lite"
)

// fake is a server that makes portraits as it is told.
type fake struct {
	*httptest.Server
	ready   atomic.Bool
	photo   atomic.Pointer[http.HandlerFunc] // what it does with a photo that arrived
	working atomic.Int64
	most    atomic.Int64 // how many photos it had at once
	made    atomic.Int64
	deleted sync.Map
}

// fakePortrait is what a fake makes.
const fakePortrait = "\x89PNG a portrait"

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{}
	f.ready.Store(true)
	f.does(func(http.ResponseWriter, *http.Request) {})
	f.Server = httptest.NewServer(f.handler())
	t.Cleanup(f.Close)
	return f
}

// does sets what happens before a photo is answered.
func (f *fake) does(what http.HandlerFunc) { f.photo.Store(&what) }

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"ready":%t,"models_loaded":%[1]t}`, f.ready.Load())
	})
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"info":{"title":"Facecraft API"}}`)
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	mux.HandleFunc("POST /api/v1/process", func(w http.ResponseWriter, r *http.Request) {
		n, ok := f.make(w, r)
		if ok {
			fmt.Fprintf(w, `{"success":true,"job_id":"%08x","png_url":"/api/v1/download/%08[1]x/png","jpg_url":null}`, n)
		}
	})
	mux.HandleFunc("POST /api/v1/process/quick", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := f.make(w, r); ok {
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, fakePortrait)
		}
	})
	mux.HandleFunc("GET /api/v1/download/{job}/png", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, fakePortrait)
	})
	mux.HandleFunc("DELETE /api/v1/jobs/{job}", func(w http.ResponseWriter, r *http.Request) {
		f.deleted.Store(r.PathValue("job"), true)
		fmt.Fprintf(w, `{"message":"Job %s deleted"}`, r.PathValue("job"))
	})
	return mux
}

// make receives a photo, and does what it was told to.
func (f *fake) make(w http.ResponseWriter, r *http.Request) (n int64, ok bool) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return 0, false
	}
	now := f.working.Add(1)
	defer f.working.Add(-1)
	for most := f.most.Load(); now > most && !f.most.CompareAndSwap(most, now); most = f.most.Load() {
		continue
	}
	seen := &statusWriter{ResponseWriter: w}
	(*f.photo.Load())(seen, r)
	return f.made.Add(1), seen.status == 0 && seen.written == 0
}

// front is a gateway that listens.
type front struct {
	*Gateway
	url string
	log *syncBuffer
}

const (
	testSecret = "correct-horse-battery"
	testBound  = time.Minute
)

// newFront starts a gateway, without keys unless changed, and waits until it is ready.
func newFront(t testing.TB, servers []string, change ...func(*Config)) *front {
	t.Helper()
	f := startFront(t, servers, change...)
	f.awaitReady(t)
	return f
}

// startFront starts a gateway.
func startFront(t testing.TB, servers []string, change ...func(*Config)) *front {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	host := listener.Listener.Addr().String()
	log := &syncBuffer{}
	cfg := Config{Servers: servers, Loopback: true, Hosts: []string{host}, Log: log}
	for _, c := range change {
		c(&cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g, err := New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener.Config = g.server()
	listener.Start()
	t.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
		cancel()
		g.Wait()
	})
	return &front{g, "http://" + host, log}
}

func (f *front) awaitReady(t testing.TB) {
	t.Helper()
	within(t, "the gateway is ready", func() bool {
		return f.do(t, http.MethodGet, "/readiness", nil).status == http.StatusOK
	})
}

// within waits until something is so.
func within(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(testBound); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v it is still not so: %s", testBound, what)
		}
	}
}

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
}

func (f *front) do(t testing.TB, method, path string, body io.Reader, headers ...string) got {
	t.Helper()
	return do(t, method, f.url+path, body, headers...)
}

func do(t testing.TB, method, url string, body io.Reader, headers ...string) got {
	t.Helper()
	answer, err := try(method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// try sends a request. Headers are names and values in turn; Host is one of them.
func try(method, url string, body io.Reader, headers ...string) (got, error) {
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return got{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return got{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return got{response.StatusCode, response.Header, string(text)}, err
}

// upload is a form with a photo, or several, and fields as names and values in turn.
func upload(t testing.TB, field string, photos [][]byte, fields ...string) (body *bytes.Buffer, kind string) {
	t.Helper()
	body = &bytes.Buffer{}
	form := multipart.NewWriter(body)
	for i, photo := range photos {
		part, err := form.CreateFormFile(field, fmt.Sprintf("holiday%d.png", i))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(photo)
	}
	for i := 0; i < len(fields); i += 2 {
		_ = form.WriteField(fields[i], fields[i+1])
	}
	_ = form.Close()
	return body, form.FormDataContentType()
}

// post sends a photo.
func (f *front) post(t testing.TB, path string, photo []byte, headers ...string) got {
	t.Helper()
	body, kind := upload(t, "file", [][]byte{photo})
	return f.do(t, http.MethodPost, path, body, append(headers, "Content-Type", kind)...)
}

// newLite starts the built-in engine. With the race detector, its portraits take seconds.
func newLite(t testing.TB) *httptest.Server {
	t.Helper()
	if testing.Short() {
		t.Skip("makes portraits")
	}
	engine, err := lite.New(lite.Config{UploadDir: t.TempDir(), OutputDir: t.TempDir(), Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	if err := engine.Load(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	return server
}

func decode[T any](t testing.TB, text string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func (g got) want(t testing.TB, status int, texts ...string) {
	t.Helper()
	if g.status != status {
		t.Errorf("status %d, want %d: %.300s", g.status, status, g.body)
	}
	for _, text := range texts {
		if !strings.Contains(g.body, text) {
			t.Errorf("answer %.300q lacks %q", g.body, text)
		}
	}
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
