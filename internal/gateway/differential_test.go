package gateway

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sometimes are parts of answers that two runs never share: job IDs, times and when
// a file was written.
var sometimes = regexp.MustCompile(`([0-9a-f]{6}-)?[0-9a-f]{32}|/00[0-9]/|` +
	`"(processing_time_ms|uptime_seconds|avg_processing_ms)":[0-9.]+`)

// headersAlways differ in every answer.
var headersAlways = map[string]string{
	"Date":          "the time",
	"Etag":          "when the file was written",
	"Last-Modified": "the same",
	serverHeader:    "says which server answered",
}

// TestDifferential: every request of the contract gets the same answer through the
// gateway as without it, but for differences with a reason.
func TestDifferential(t *testing.T) {
	t.Parallel()
	direct, behind := newLite(t).URL, newLite(t).URL
	f := newFront(t, []string{behind})
	through := f.url
	photo := warmUpPhoto
	form := func(field string, photos [][]byte, fields ...string) func(string) (string, string) {
		return func(string) (string, string) {
			body, kind := upload(t, field, photos, fields...)
			return body.String(), kind
		}
	}
	jobs := map[string]made{}
	for _, base := range []string{direct, through} {
		body, kind := upload(t, "file", [][]byte{photo})
		jobs[base] = answered(t, do(t, http.MethodPost, base+processRoute, body, "Content-Type", kind))
	}
	for _, row := range []struct {
		name, method, path string
		body               func(base string) (body, kind string)
		headers            []string
		differs            map[string]string // "status", "body" or a header, and why
	}{
		{name: "health", method: "GET", path: "/health"},
		{name: "HEAD", method: "HEAD", path: "/health"},
		{name: "ready", method: "GET", path: "/ready"},
		{name: "readiness", method: "GET", path: "/readiness"},
		{name: "status", method: "GET", path: "/status", differs: map[string]string{
			"body": "the warm-up counts in the statistics", "Content-Length": "the same"}},
		{name: "schema", method: "GET", path: "/openapi.json"},
		{name: "HEAD of the schema", method: "HEAD", path: "/openapi.json"},
		{name: "root", method: "GET", path: "/"},
		{name: "documentation", method: "GET", path: "/docs", differs: map[string]string{
			"body": "shows the gateway's address", "Content-Length": "the same",
			"Content-Security-Policy": "a new nonce each time"}},
		{name: "quick", method: "POST", path: "/api/v1/process/quick", body: form("file", [][]byte{photo})},
		{name: "quick, a size", method: "POST", path: "/api/v1/process/quick",
			body: form("file", [][]byte{photo}, "size", "200")},
		{name: "quick, a wrong size", method: "POST", path: "/api/v1/process/quick",
			body: form("file", [][]byte{photo}, "size", "x")},
		{name: "quick, no photo", method: "POST", path: "/api/v1/process/quick", body: form("file", nil)},
		{name: "quick, nothing", method: "POST", path: "/api/v1/process/quick"},
		{name: "quick, not readable", method: "POST", path: "/api/v1/process/quick",
			body: form("file", [][]byte{[]byte("8BPS")})},
		{name: "process", method: "POST", path: processRoute, body: form("file", [][]byte{photo}), differs: map[string]string{
			"Content-Length": "job IDs name their server"}},
		{name: "process with fields", method: "POST", path: processRoute,
			body: form("file", [][]byte{photo}, "width", "300", "height", "400",
				"use_oval_mask", "false", "background_r", "9"),
			differs: map[string]string{"Content-Length": "job IDs name their server"}},
		{name: "process, base64", method: "POST", path: processRoute,
			body:    form("file", [][]byte{photo}, "return_base64", "1"),
			differs: map[string]string{"Content-Length": "job IDs name their server"}},
		{name: "process, not readable", method: "POST", path: processRoute, body: form("file", [][]byte{[]byte("8BPS")}),
			differs: map[string]string{"Content-Length": "job IDs name their server"}},
		{name: "process, a malformed field", method: "POST", path: processRoute,
			body: form("file", [][]byte{photo}, "width", "5.5")},
		{name: "process, a broken form", method: "POST", path: processRoute, body: func(string) (string, string) {
			return "--x\r\nbroken", "multipart/form-data; boundary=x"
		}},
		{name: "process, JSON", method: "POST", path: processRoute, body: func(string) (string, string) {
			return "{}", "application/json"
		}},
		{name: "batch, no photos", method: "POST", path: "/api/v1/process/batch", body: form("files", nil)},
		{name: "batch, a malformed field", method: "POST", path: "/api/v1/process/batch",
			body: form("files", [][]byte{photo}, "width", "x")},
		{name: "batch", method: "POST", path: "/api/v1/process/batch", body: form("files", [][]byte{photo, []byte("8BPS")}),
			differs: map[string]string{"body": "its download addresses are real, and an error has two fields",
				"Content-Length": "the same"}},
		{name: "a part of a download", method: "GET", path: "{png}", headers: []string{"Range", "bytes=0-99"}},
		{name: "a download of another format", method: "GET", path: "/api/v1/download/{job}/gif"},
		{name: "a download", method: "GET", path: "{jpg}"},
		{name: "a download of nothing", method: "GET", path: "/api/v1/download/0123/png"},
		{name: "a job", method: "DELETE", path: "/api/v1/jobs/{job}", differs: map[string]string{
			"Content-Length": "job IDs name their server"}},
		{name: "a job again", method: "DELETE", path: "/api/v1/jobs/{job}", differs: map[string]string{
			"Content-Length": "job IDs name their server"}},
		{name: "a job that never was", method: "DELETE", path: "/api/v1/jobs/0123"},
		{name: "an unknown route", method: "GET", path: "/nothing"},
		{name: "a wrong method", method: "PATCH", path: "/status"},
		{name: "a slash too many", method: "GET", path: "/health/", differs: map[string]string{
			"status": "unknown routes are 404", "body": "the same", "Location": "the same", "Content-Length": "the same",
			"Content-Type": "the same"}},
		{name: "another page", method: "GET", path: "/health", headers: []string{"Origin", "https://a.example"},
			differs: map[string]string{"Access-Control-Allow-Origin": "only named pages may read", "Vary": "the same"}},
	} {
		ask := func(base string) got {
			job := jobs[base]
			path := strings.NewReplacer("{png}", job.PNG, "{jpg}", job.JPG, "{job}", job.Job).Replace(row.path)
			headers := row.headers
			var text string
			if row.body != nil {
				body, kind := row.body(base)
				text, headers = body, append([]string{"Content-Type", kind}, headers...)
			}
			return do(t, row.method, base+path, strings.NewReader(text), headers...)
		}
		different := differences(ask(direct), ask(through))
		for _, what := range slices.Sorted(maps.Keys(different)) {
			if row.differs[what] == "" {
				t.Errorf("%s: %s: %s", row.name, what, different[what])
			}
		}
		for what := range row.differs {
			if different[what] == "" && what != "Content-Length" { // which numbers may have in common

				t.Errorf("%s: there is no difference in %s any more", row.name, what)
			}
		}
	}
}

// differences returns in what two answers differ, and how.
func differences(a, b got) map[string]string {
	found := map[string]string{}
	if a.status != b.status {
		found["status"] = http.StatusText(a.status) + " | " + http.StatusText(b.status)
	}
	if one, two := sometimes.ReplaceAllString(a.body, ""), sometimes.ReplaceAllString(b.body, ""); one != two {
		found["body"] = one[:min(300, len(one))] + " | " + two[:min(300, len(two))]
	}
	names := maps.Clone(a.header)
	maps.Copy(names, b.header)
	for name := range names {
		one, two := strings.Join(a.header[name], "\n"), strings.Join(b.header[name], "\n")
		if headersAlways[name] == "" && one != two {
			found[name] = one + " | " + two
		}
	}
	return found
}
