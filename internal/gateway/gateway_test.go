package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// TestPortraits goes the whole way with the built-in engine.
func TestPortraits(t *testing.T) {
	t.Parallel()
	f := newFront(t, []string{newLite(t).URL})
	f.post(t, "/api/v1/process/quick", warmUpPhoto).want(t, http.StatusOK, "\x89PNG")
	made := decode[made](t, f.post(t, "/api/v1/process", warmUpPhoto).body)
	tag := f.servers[0].tag
	if !strings.HasPrefix(made.Job, tag+"-") || !strings.HasPrefix(made.PNG, "/api/v1/download/"+made.Job) {
		t.Fatalf("answer %+v", made)
	}
	png := f.do(t, http.MethodGet, made.PNG, nil)
	png.want(t, http.StatusOK, "\x89PNG")
	if png.header.Get(serverHeader) != f.servers[0].name {
		t.Errorf("headers %v", png.header)
	}
	f.do(t, http.MethodGet, made.JPG, nil).want(t, http.StatusOK, "\xff\xd8")
	within(t, "the job is deleted", func() bool {
		return f.do(t, http.MethodGet, made.JPG, nil).status == http.StatusNotFound
	})
	f.do(t, http.MethodDelete, "/api/v1/jobs/"+made.Job, nil).want(t, http.StatusOK, made.Job+" not found")
	f.do(t, http.MethodGet, "/metrics", nil).want(t, http.StatusOK,
		`facecraft_requests_total{route="/api/v1/process",status="200"} 1`)
	f.do(t, http.MethodGet, "/status", nil).want(t, http.StatusOK, "operational")
	f.do(t, http.MethodGet, "/docs", nil).want(t, http.StatusOK, f.url)
	f.do(t, http.MethodGet, "/openapi.json", nil).want(t, http.StatusOK, "Facecraft API")
}
