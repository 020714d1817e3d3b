package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// endless is a body without an end, and without a length.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestUploadLimit(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) { c.MaxUpload = 1 << 20 })
	f.post(t, "/api/v1/process/quick", make([]byte, 1<<20)).want(t, http.StatusOK)
	before := server.made.Load()
	f.post(t, "/api/v1/process/quick", make([]byte, 1<<20+formBytes)).
		want(t, http.StatusRequestEntityTooLarge, "the limit is 1 MiB")
	answer, err := try(http.MethodPost, f.url+"/api/v1/process", endless{})
	if err != nil || answer.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body without end: %d, %v", answer.status, err)
	}
	within(t, "the server is free", func() bool { return f.servers[0].busy.Load() == 0 })
	if server.made.Load() != before || !f.servers[0].ready.Load() {
		t.Error("the server made a portrait, or counts as lost")
	}
}

// exchange sends a text on one connection, and returns all that comes back.
func (f *front) exchange(t testing.TB, text string) string {
	t.Helper()
	connection := f.dial(t)
	go func() { _, _ = io.WriteString(connection, text) }()
	answer, _ := io.ReadAll(connection) // a reset comes after what was answered
	return string(answer)
}

func TestHostileHeaders(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL})
	host := strings.TrimPrefix(f.url, "http://")
	for name, tt := range map[string]struct{ text, want string }{
		"a flood of headers": {"GET /health HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Repeat("A: b\r\n", 20_000),
			"431 Request Header Fields Too Large"},
		"an endless header": {"GET /health HTTP/1.1\r\nHost: " + host + "\r\nA: " + strings.Repeat("b", 100_000),
			"431 Request Header Fields Too Large"},
		"two lengths": {"POST /api/v1/process HTTP/1.1\r\nHost: " + host +
			"\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", "400 Bad Request"},
		"a length and chunks": {"POST /api/v1/process/quick HTTP/1.1\r\nConnection: close\r\nHost: " + host +
			"\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 OK"}, // chunks win (RFC 9112, 6.3)
		"no host":   {"GET /health HTTP/1.1\r\n\r\n", "400 Bad Request"},
		"two hosts": {"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400 Bad Request"},
		"pipelined": {"GET /health HTTP/1.1\r\nHost: " + host + "\r\n\r\n" +
			"GET /nothing HTTP/1.1\r\nConnection: close\r\nHost: " + host +
			"\r\n\r\n", `{"detail":"Not Found"}`},
		"an old client": {"GET /health HTTP/1.0\r\n\r\n", `{"status":"healthy"}`},
	} {
		if got := f.exchange(t, tt.text); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %.300q, want %q", name, got, tt.want)
		}
	}
}

// TestExpectContinue: a client that asks first sends its photo only if it is wanted.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, withKeys)
	for key, want := range map[string]string{"": "HTTP/1.1 401", testSecret: "HTTP/1.1 100"} {
		connection := f.begin(t, 5, "", "Expect: 100-continue\r\n", "X-API-Key: "+key+"\r\n")
		lines := bufio.NewReader(connection)
		line, err := lines.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, want) {
			t.Errorf("with key %q the answer starts %q, %v", key, line, err)
		}
		if key == "" {
			continue
		}
		fmt.Fprint(connection, "12345")
		_, _ = lines.ReadString('\n') // the empty line
		response, err := http.ReadResponse(lines, nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("then %v, %v", response, err)
		}
	}
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL})
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nothing", 404, ""}, {"GET", "//health", 404, ""}, {"GET", "/health/", 404, ""},
		{"GET", "/api/v1/../../status", 404, ""}, {"POST", "/api/v1/process/", 404, ""},
		{"GET", "/debug/pprof/", 404, ""}, {"GET", "/api/v1/download/a/b/c", 404, ""},
		{"HEAD", "/health", 405, "GET"}, {"GET", "/api/v1/process", 405, "POST"}, {"PUT", "/docs", 405, "GET, HEAD"},
		{"HEAD", "/docs", 200, ""}, {"GET", "/api/v1/jobs/x", 405, "DELETE"}, {"PROPFIND", "/status", 405, "GET"},
	} {
		got := f.do(t, tt.method, tt.path, nil)
		if got.status != tt.status || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: %d, allow %q, want %d, %q", tt.method, tt.path, got.status,
				got.header.Get("Allow"), tt.status, tt.allow)
		}
	}
}

// TestLogSaysWhy the gateway is not ready, once, and nothing of the probes meanwhile.
func TestLogSaysWhy(t *testing.T) {
	t.Parallel()
	f := startFront(t, []string{"http://nowhere.invalid:8000"})
	within(t, "the log says why", func() bool { return strings.Contains(f.log.String(), "nowhere.invalid") })
	for range 5 {
		time.Sleep(readyPoll)
		f.do(t, http.MethodGet, readinessRoute, nil).want(t, http.StatusServiceUnavailable)
	}
	log := f.log.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"why":"dial tcp: lookup nowhere.invalid`) {
		t.Errorf("the log is\n%s", log)
	}
}

// TestLogHasNoSecrets: no keys, no file names, and nothing that a client made up.
func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, withKeys)
	f.post(t, processRoute, []byte("content-of-photo"), "X-API-Key", testSecret).want(t, http.StatusOK)
	f.post(t, processRoute, nil, "X-API-Key", "wrong-"+testSecret).want(t, http.StatusUnauthorized)
	f.do(t, http.MethodGet, "/private/path", nil)
	f.do(t, http.MethodGet, "/api/v1/download/private-job/png?query=private", nil, "X-API-Key", testSecret)
	f.do(t, "PRIVATE", "/health", nil)
	metrics := f.do(t, http.MethodGet, "/metrics", nil, "X-API-Key", testSecret).body
	for _, text := range []string{f.log.String(), metrics} {
		for _, secret := range []string{testSecret, "holiday", "content-of-photo", "private", "PRIVATE"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is in\n%s", secret, text)
			}
		}
	}
	for line := range strings.Lines(f.log.String()) {
		decode[map[string]any](t, line)
	}
	want := `"msg":"request","method":"POST","route":"/api/v1/process","status":200`
	if !strings.Contains(f.log.String(), want) {
		t.Errorf("the log lacks %s:\n%s", want, f.log.String())
	}
}
