package lite

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestDocs(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t, func(c *Config) { c.Hosts = []string{"photos.example"} })
	r := httptest.NewRequest("GET", "/docs", nil)
	r.Host = "photos.example:8123"
	w := do(t, e, r)
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("answer %d %v", w.Code, w.Header())
	}
	for _, want := range []string{
		"Lite engine.",
		"removes the background",
		"<pre>curl -F file=@photo.jpg http://photos.example:8123/api/v1/process</pre>",
		"<pre>curl -F file=@photo.jpg -o portrait.png http://photos.example:8123/api/v1/process/quick</pre>",
		"<pre>curl -F files=@one.jpg -F files=@two.jpg http://photos.example:8123/api/v1/process/batch</pre>",
		"<pre>curl -o portrait.png http://photos.example:8123/api/v1/download/JOB_ID/png</pre>",
		"<pre>curl -X DELETE http://photos.example:8123/api/v1/jobs/JOB_ID</pre>",
		"<pre>curl http://photos.example:8123/status</pre>",
		`<td><code>face_margin</code></td><td>number</td><td><code>0.3</code></td>`,
		`<td><code>file</code></td><td>file</td><td><span class="required">required</span></td>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	for route := range contract()["paths"].(object) {
		if !strings.Contains(page, "<code>"+route+"</code>") {
			t.Errorf("page lacks %s", route)
		}
	}
}

// TestDocsAreSelfContained looks for external assets.
func TestDocsAreSelfContained(t *testing.T) {
	t.Parallel()
	page := get(t, newTestEngine(t), "/docs").Body.String()
	outside := regexp.MustCompile(`(src|href|action)="(https?:)?//|\burl\(|@import`)
	if found := outside.FindString(page); found != "" {
		t.Errorf("page refers to %s", found)
	}
	if first, second := nonce(t, page), nonce(t, get(t, newTestEngine(t), "/docs").Body.String()); first == second {
		t.Error("two pages share a nonce")
	}
}

func nonce(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`nonce="([A-Z0-9]{20,})"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("the script has no nonce")
	}
	return found[1]
}

func TestDocsAddress(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for host, want := range map[string]string{ // "" is a refusal
		"localhost:8000":              "localhost:8000",
		"10.0.0.7":                    "10.0.0.7",
		"[::1]:8000":                  "[::1]:8000",
		"":                            "localhost:8000",
		"<script>alert(1)</script>":   "",
		`x";alert(1);"`:               "",
		"x;reboot":                    "",
		"$(reboot)":                   "",
		"$(reboot).localhost":         "",
		"a b":                         "",
		"good.example:80\nevil: true": "",
	} {
		r := httptest.NewRequest("GET", "/docs", nil)
		r.Host = host
		w := do(t, e, r)
		page := w.Body.String()
		if want == "" && (w.Code != 421 || strings.Contains(page, host)) {
			t.Errorf("host %q: answer %d %s", host, w.Code, page)
		}
		if want != "" && !strings.Contains(page, "<pre>curl http://"+want+"/health</pre>") {
			t.Errorf("host %q: no curl line with %s", host, want)
		}
	}
}
