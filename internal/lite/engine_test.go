package lite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// newTestEngine returns an engine that is ready, with its own directories.
func newTestEngine(t testing.TB, change ...func(*Config)) *Engine {
	t.Helper()
	e := newUnloadedEngine(t, change...)
	if err := e.Load(); err != nil {
		t.Fatal(err)
	}
	return e
}

func newUnloadedEngine(t testing.TB, change ...func(*Config)) *Engine {
	t.Helper()
	dir := t.TempDir()
	cfg := Config{UploadDir: filepath.Join(dir, "uploads"), OutputDir: filepath.Join(dir, "processed"), Version: "1.2.3",
		Hosts: []string{"example.com"}} // httptest's
	for _, c := range change {
		c(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// part is one part of a multipart body; a part with a filename is a file.
type part struct{ name, filename, content string }

func field(name, value string) part { return part{name: name, content: value} }

func filePart(t testing.TB, name string) part {
	t.Helper()
	return part{"file", name, string(testFile(t, name))}
}

func testFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func multipartRequest(t testing.TB, path string, parts ...part) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, p := range parts {
		var content io.Writer
		var err error
		if p.filename != "" {
			content, err = w.CreateFormFile(p.name, p.filename)
		} else {
			content, err = w.CreateFormField(p.name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(content, p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// do sends a request and checks the response against the schema.
func do(t testing.TB, e *Engine, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	checkContract(t, r, w)
	return w
}

func get(t testing.TB, e *Engine, path string) *httptest.ResponseRecorder {
	t.Helper()
	return do(t, e, httptest.NewRequest("GET", path, nil))
}

func post(t testing.TB, e *Engine, path string, parts ...part) *httptest.ResponseRecorder {
	t.Helper()
	return do(t, e, multipartRequest(t, path, parts...))
}

func decode[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return value
}

func wantAnswer(t testing.TB, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if got := strings.TrimSpace(w.Body.String()); w.Code != status || got != body {
		t.Errorf("answer %d %s, want %d %s", w.Code, got, status, body)
	}
}

func wantNoUploads(t testing.TB, e *Engine) {
	t.Helper()
	entries, err := os.ReadDir(e.cfg.UploadDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 0 {
		t.Errorf("upload directory still has %v", entries)
	}
}

func TestNotReadyBeforeLoad(t *testing.T) {
	t.Parallel()
	e := newUnloadedEngine(t)
	notReady := `{"ready":false,"models_loaded":false}`
	wantAnswer(t, get(t, e, "/health"), 200, `{"status":"healthy"}`)
	wantAnswer(t, get(t, e, "/ready"), 200, notReady)
	wantAnswer(t, get(t, e, "/readiness"), 503, notReady)
	loading := `{"detail":"Models are still loading"}`
	wantAnswer(t, post(t, e, "/api/v1/process", filePart(t, "astronaut.png")), 503, loading)
	wantAnswer(t, post(t, e, "/api/v1/process/quick", filePart(t, "astronaut.png")), 503, loading)
	wantAnswer(t, post(t, e, "/api/v1/process/batch"), 503, loading)
	if decode[statusAnswer](t, get(t, e, "/status")).Models["face_detector"].Loaded {
		t.Error("the face detector is reported as loaded")
	}

	if err := e.Load(); err != nil {
		t.Fatal(err)
	}
	ready := `{"ready":true,"models_loaded":true}`
	wantAnswer(t, get(t, e, "/ready"), 200, ready)
	wantAnswer(t, get(t, e, "/readiness"), 200, ready)
}

func TestNewNeedsWritableDirectories(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"upload directory": {UploadDir: file, OutputDir: t.TempDir()},
		"output directory": {UploadDir: t.TempDir(), OutputDir: filepath.Join(file, "below")},
	} {
		if _, err := New(cfg); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("with a file as %s: error %v", name, err)
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	var logged syncBuffer
	e := newUnloadedEngine(t, func(c *Config) { c.Log = &logged })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, ln) }()

	address := "http://" + ln.Addr().String()
	for ready := false; !ready; {
		response, err := http.Get(address + "/readiness")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		ready = response.StatusCode == http.StatusOK
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if response, err := http.Get(address + "/health"); err == nil {
		response.Body.Close()
		t.Error("the port is still open")
	}
	for _, want := range []string{"loading face detector", "ready (no AI", `"GET /readiness HTTP/1.1" 200 OK`,
		"shutting down"} {
		if !strings.Contains(logged.String(), want) {
			t.Errorf("log lacks %q:\n%s", want, logged.String())
		}
	}
}

func TestServeReportsBrokenListener(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := newTestEngine(t).Serve(t.Context(), ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want %v", err, net.ErrClosed)
	}
}

func TestLoadRemovesOldFiles(t *testing.T) {
	t.Parallel()
	e := newUnloadedEngine(t, func(c *Config) { c.CleanupAge = time.Hour })
	old := time.Now().Add(-2 * time.Hour)
	paths := map[string]bool{ // whether it stays
		filepath.Join(e.cfg.OutputDir, "0123abcd"):        false,
		filepath.Join(e.cfg.OutputDir, "my photos"):       true,
		filepath.Join(e.cfg.UploadDir, "0123abcd_upload"): false,
		filepath.Join(e.cfg.UploadDir, "notes.txt"):       true,
	}
	for path := range paths {
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	recent := filepath.Join(e.cfg.OutputDir, "89abcdef")
	if err := os.Mkdir(recent, 0o755); err != nil {
		t.Fatal(err)
	}
	paths[recent] = true

	if err := e.Load(); err != nil {
		t.Fatal(err)
	}
	for path, stays := range paths {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: stat %v, want it to stay: %v", path, err, stays)
		}
	}
}

// syncBuffer may be read while it is being written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
