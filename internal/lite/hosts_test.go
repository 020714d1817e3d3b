package lite

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHosts has a row for each kind of host name.
func TestHosts(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t, func(c *Config) {
		c.Hosts = []string{"facecraft", "Portraits.Example.ORG", "api:8000", "tasks.stack_api"}
	})
	for host, known := range map[string]bool{
		"":                             true, // HTTP/1.0
		"localhost":                    true,
		"LOCALHOST:9000":               true,
		"localhost.:8000":              true,
		"app.localhost:8000":           true,
		"host.docker.internal:8000":    true,
		"host.containers.internal":     true,
		"127.0.0.1:8000":               true,
		"[::1]:8000":                   true,
		"10.42.0.7:8000":               true, // a pod's, as used by the kubelet
		"192.168.1.20:8000":            true, // published with --listen
		"facecraft:8000":               true,
		"portraits.example.org":        true,
		"tasks.stack_api:8000":         true,
		"api":                          true,
		"evil.example":                 false,
		"evil.example:8000":            false,
		"localhost.evil.example":       false,
		"127.0.0.1.evil.example:8000":  false,
		"evil-localhost":               false,
		"notfacecraft":                 false,
		"facecraft.evil.example":       false,
		"2130706433":                   false, // browsers write 127.0.0.1 for it
		"0x7f.1":                       false,
		"evil.example@127.0.0.1":       false,
		"127.0.0.1:8000, evil.example": false,
		"[::1]evil.example":            false,
		":8000":                        false,
		"evil.example:80:8000":         false,
	} {
		for _, path := range []string{"/health", "/docs", "/api/v1/process"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := do(t, e, r)
			if refused := w.Code == 421; refused == known {
				t.Errorf("%s at %q: answer %d %s", path, host, w.Code, w.Body)
			}
		}
	}
	r := httptest.NewRequest("GET", "/health", nil)
	r.Host = "photos.lan:8000"
	wantAnswer(t, do(t, e, r), 421,
		`{"detail":"Unknown host photos.lan: allow it with facecraft up --lite --env FACECRAFT_ALLOWED_HOSTS=photos.lan"}`)
}

// TestOrigins sends a photo like a page of each origin would.
func TestOrigins(t *testing.T) {
	t.Parallel()
	with := func(origins ...string) *Engine { return newTestEngine(t, func(c *Config) { c.CORSOrigins = origins }) }
	none, listed, any := newTestEngine(t), with("http://a.example"), with("*")
	for _, test := range []struct {
		name    string
		engine  *Engine
		headers map[string]string
		refused bool
	}{
		{"curl", none, nil, false},
		{"its own page", none, map[string]string{"Origin": "http://example.com"}, false},
		{"its own page, as browsers tell now", none, map[string]string{"Origin": "http://example.com",
			"Sec-Fetch-Site": "same-origin"}, false},
		{"another page", none, map[string]string{"Origin": "http://evil.example"}, true},
		{"another page, as browsers tell now", none, map[string]string{"Origin": "http://evil.example",
			"Sec-Fetch-Site": "cross-site"}, true},
		{"another port of this machine", none, map[string]string{"Origin": "http://example.com:81",
			"Sec-Fetch-Site": "same-site"}, true},
		{"a file", none, map[string]string{"Origin": "null"}, true},
		{"a listed page", listed, map[string]string{"Origin": "http://a.example", "Sec-Fetch-Site": "cross-site"}, false},
		{"a page beside the listed", listed, map[string]string{"Origin": "http://b.example",
			"Sec-Fetch-Site": "cross-site"}, true},
		{"any page, by order", any, map[string]string{"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
			false},
	} {
		for _, method := range []string{"POST", "DELETE"} {
			r := multipartRequest(t, "/api/v1/process", filePart(t, "coffee.png"))
			if method == "DELETE" {
				r = httptest.NewRequest(method, "/api/v1/jobs/01234567", nil)
			}
			for name, value := range test.headers {
				r.Header.Set(name, value)
			}
			w := do(t, test.engine, r)
			if refused := w.Code == 403; refused != test.refused || !refused && w.Code != 200 {
				t.Errorf("%s from %s: answer %d %s", method, test.name, w.Code, w.Body)
			}
			wantNoUploads(t, test.engine)
		}
		r := httptest.NewRequest("GET", "/health", nil)
		for name, value := range test.headers {
			r.Header.Set(name, value)
		}
		if w := do(t, test.engine, r); w.Code != 200 {
			t.Errorf("GET from %s: answer %d", test.name, w.Code)
		}
	}
	r := httptest.NewRequest("OPTIONS", "/api/v1/process", nil)
	r.Header.Set("Origin", "http://evil.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	if w := do(t, none, r); w.Code != 400 || !strings.Contains(w.Body.String(), "Disallowed CORS method") {
		t.Errorf("preflight of another page: answer %d %s", w.Code, w.Body)
	}
}

func TestOriginsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := New(Config{UploadDir: t.TempDir(), OutputDir: t.TempDir(), CORSOrigins: []string{"a.example"}})
	if err == nil || !strings.Contains(err.Error(), "a.example") {
		t.Errorf("error %v", err)
	}
}

func TestJobIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := newJobID()
		if len(id) != 128/4 || !jobName.MatchString(id) || seen[id] {
			t.Fatalf("job %s", id)
		}
		seen[id] = true
	}
}
