package gateway

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withKeys asks for keys, as beyond loopback.
func withKeys(c *Config) {
	c.Loopback = false
	c.Keys = StaticKeys(NewKey("ci", testSecret), NewKey("laptop", "another-secret-altogether"))
}

func TestKeys(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, withKeys)
	for _, tt := range []struct {
		header, value string
		status        int
	}{
		{"Authorization", "Bearer " + testSecret, 200},
		{"Authorization", "bearer another-secret-altogether", 200},
		{"X-API-Key", testSecret, 200},
		{"X-API-Key", "Bearer " + testSecret, 401},
		{"Authorization", "Basic " + testSecret, 401},
		{"Authorization", testSecret, 401},
		{"Authorization", "Bearer", 401},
		{"Authorization", "Bearer " + testSecret[1:], 401},
		{"X-API-Key", "", 401},
		{"Cookie", "key=" + testSecret, 401},
	} {
		answer := f.do(t, http.MethodGet, "/status", nil, tt.header, tt.value)
		if answer.status != tt.status {
			t.Errorf("%s: %s: status %d, want %d", tt.header, tt.value, answer.status, tt.status)
		}
		if challenge := answer.header.Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
			t.Errorf("%s: %s: challenge %q", tt.header, tt.value, challenge)
		}
	}
	f.do(t, http.MethodGet, "/status?key="+testSecret, nil).want(t, http.StatusUnauthorized, "Not authenticated")
	if log := f.log.String(); !strings.Contains(log, `"key":"ci"`) || !strings.Contains(log, `"key":"laptop"`) {
		t.Errorf("the log does not name the keys: %s", log)
	}
}

// TestWhatNeedsAKey: what takes a server's time, or says more than whether there is
// one.
func TestWhatNeedsAKey(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, withKeys)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/health", 200}, {"GET", "/ready", 200}, {"GET", "/readiness", 200}, {"GET", "/", 307},
		{"GET", "/docs", 200}, {"HEAD", "/docs", 200}, {"GET", "/openapi.json", 200},
		{"GET", "/status", 401}, {"GET", "/metrics", 401}, {"POST", "/api/v1/process", 401},
		{"POST", "/api/v1/process/quick", 401}, {"POST", "/api/v1/process/batch", 401},
		{"GET", "/api/v1/download/x/png", 401}, {"DELETE", "/api/v1/jobs/x", 401},
	} {
		if got := f.do(t, tt.method, tt.path, nil); got.status != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, got.status, tt.status)
		}
	}
}

// TestServersDoNotGetKeys: nor what browsers add.
func TestServersDoNotGetKeys(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	seen := make(chan http.Header, 1)
	f := newFront(t, []string{server.URL}, withKeys, func(c *Config) { c.Origins = []string{"https://a.example"} })
	server.does(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Clone() })
	f.post(t, "/api/v1/process/quick", nil, "Authorization", "Bearer "+testSecret,
		"X-API-Key", testSecret, "Cookie", "a=b",
		"Origin", "https://a.example", "X-Forwarded-For", "1.2.3.4", "X-Thing", "kept").want(t, http.StatusOK)
	header := <-seen
	for _, name := range []string{"Authorization", "X-Api-Key", "Cookie", "Origin", "X-Forwarded-For"} {
		if header.Get(name) != "" {
			t.Errorf("the server got %s: %s", name, header.Get(name))
		}
	}
	if header.Get("X-Thing") != "kept" {
		t.Errorf("the server got %v", header)
	}
}

func TestKeyFileIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# rotated every month\nold " + testSecret + "\n")
	problems := make(chan error, 100)
	keys, err := ReadKeys(path, func(err error) { problems <- err })
	if err != nil {
		t.Fatal(err)
	}
	f := newFront(t, []string{newFake(t).URL}, func(c *Config) { c.Keys = keys })
	status := func(key string) int {
		return f.do(t, http.MethodGet, "/status", nil, "X-API-Key", key).status
	}
	write("old " + testSecret + "\nnew " + testSecret + "2\n")
	within(t, "both keys are valid", func() bool { return status(testSecret) == 200 && status(testSecret+"2") == 200 })
	write("new " + testSecret + "2\n")
	within(t, "the old key is not", func() bool { return status(testSecret) == 401 })
	write("# none\n")
	within(t, "a file without keys is told", func() bool {
		_ = status(testSecret)
		return len(problems) > 0
	})
	if got := status(testSecret + "2"); got != 200 {
		t.Errorf("after a file without keys, the last key answers %d", got)
	}
	if err := <-problems; strings.Contains(err.Error(), testSecret) {
		t.Errorf("the problem quotes a key: %v", err)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "",
		"# a comment\n\n":            "",
		"alone-key":                  "key1",
		"ci one\nlaptop two\nthree ": "ci laptop key3",
		"windows line\r\n":           "windows",
	} {
		keys, err := ParseKeys([]byte(text))
		var names []string
		for _, key := range keys {
			names = append(names, key.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	_, err := ParseKeys([]byte("fine one\na secret with spaces\n"))
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v", err)
	}
}

// TestRefusesToStart: what is not safe, or makes no sense.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	valid := func() Config {
		return Config{Servers: []string{"http://a:8000"}, Hosts: []string{"localhost:8000"}, Loopback: true}
	}
	for name, tt := range map[string]struct {
		change func(*Config)
		why    string
	}{
		"open to others without keys": {func(c *Config) { c.Loopback = false }, "without an API key"},
		"a file without keys":         {func(c *Config) { c.Keys = StaticKeys() }, "no API key"},
		"no hosts":                    {func(c *Config) { c.Hosts = nil }, "Host"},
		"any host without keys":       {func(c *Config) { c.Hosts = []string{AnyHost} }, "without an API key"},
		"any origin":                  {func(c *Config) { c.Origins = []string{"*"} }, "origin"},
		"an origin with a path":       {func(c *Config) { c.Origins = []string{"https://a.example/x"} }, "origin"},
		"no servers":                  {func(c *Config) { c.Servers = nil }, "at least one server"},
		"the same server twice":       {func(c *Config) { c.Servers = []string{"http://a:1", "http://a:1"} }, "the same"},
		"a server with a path":        {func(c *Config) { c.Servers = []string{"http://a:1/x"} }, "http://NAME:PORT"},
		"a negative limit":            {func(c *Config) { c.Queue = -1 }, "limits"},
	} {
		cfg := valid()
		tt.change(&cfg)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := New(ctx, cfg)
		cancel()
		if err == nil || !strings.Contains(err.Error(), tt.why) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.why)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newFake(t).URL}, func(c *Config) { c.Hosts = append(c.Hosts, "Portraits.example:443") })
	for host, status := range map[string]int{
		"portraits.example:443":              200,
		"PORTRAITS.example:443":              200,
		"portraits.example":                  421,
		"portraits.example:80":               421,
		"localhost:8000":                     421,
		"evil.example":                       421,
		"127.0.0.1":                          421,
		"portraits.example:443.evil.example": 421,
	} {
		if got := f.do(t, http.MethodGet, "/status", nil, "Host", host); got.status != status {
			t.Errorf("host %s: status %d, want %d", host, got.status, status)
		}
	}
	// Orchestrators ask by address.
	f.do(t, http.MethodGet, "/readiness", nil, "Host", "10.1.2.3:9").want(t, http.StatusOK)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) { c.Origins = []string{"https://a.example"} })
	server.does(func(w http.ResponseWriter, _ *http.Request) { // as the images do
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.example")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	})
	preflight := []string{"Access-Control-Request-Method", "POST"}
	for _, tt := range []struct {
		name, method, path, origin string
		headers                    []string
		status                     int
		allowed                    string
	}{
		{"a named page", "POST", "/api/v1/process/quick", "https://a.example", nil, 200, "https://a.example"},
		{"another page", "POST", "/api/v1/process/quick", "https://evil.example", nil, 403, ""},
		{"another page reads", "GET", "/status", "https://evil.example", nil, 403, ""},
		{"no page that a browser tells", "GET", "/status", "", []string{"Sec-Fetch-Site", "cross-site"}, 403, ""},
		{"a page without an origin", "GET", "/status", "null", nil, 403, ""},
		{"no browser", "GET", "/status", "", nil, 200, ""},
		{"asking first", "OPTIONS", "/api/v1/process", "https://a.example", preflight, 204, "https://a.example"},
		{"another page asks first", "OPTIONS", "/api/v1/process", "https://evil.example", preflight, 400, ""},
		{"health for another page", "GET", "/health", "https://evil.example", nil, 200, ""},
	} {
		headers := tt.headers
		if tt.origin != "" {
			headers = append([]string{"Origin", tt.origin}, headers...)
		}
		answer := f.do(t, tt.method, tt.path, nil, headers...)
		if got := answer.header.Get("Access-Control-Allow-Origin"); answer.status != tt.status || got != tt.allowed {
			t.Errorf("%s: status %d, allowed %q, want %d, %q", tt.name, answer.status, got, tt.status, tt.allowed)
		}
		if answer.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: credentials are allowed", tt.name)
		}
	}
}

// TestRefusedAtOnce: without a key an answer takes under a millisecond, whatever the
// servers do.
func TestRefusedAtOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("measures")
	}
	server := newFake(t)
	f := newFront(t, []string{server.URL}, withKeys)
	hang := make(chan struct{})
	server.does(func(http.ResponseWriter, *http.Request) { <-hang })
	go func() {
		body, kind := upload(t, "file", [][]byte{nil})
		_, _ = try(http.MethodPost, f.url+"/api/v1/process", body, "X-API-Key", testSecret, "Content-Type", kind)
	}()
	within(t, "the server hangs", func() bool { return server.working.Load() == 1 })
	defer close(hang)
	fastest := time.Hour
	for range 50 {
		begin := time.Now()
		f.do(t, http.MethodGet, "/status", nil).want(t, http.StatusUnauthorized)
		fastest = min(fastest, time.Since(begin))
	}
	if fastest > 2*time.Millisecond { // on a machine that has other things to do
		t.Errorf("a refusal takes %v", fastest)
	}
}
