package launch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
)

// TestEndpointThatLoads is waited for, as long as the user wants.
func TestEndpointThatLoads(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			panic(http.ErrAbortHandler) // as Docker's proxy does before the server listens
		}
		fmt.Fprint(w, `{"ready": true}`)
	}))
	t.Cleanup(server.Close)
	l, _ := spoken()
	if err := askEndpoint(t.Context(), l.UI, &batch.Server{URL: server.URL}, 0); err == nil {
		t.Error("one that did not answer was not waited for, and counts as ready")
	}
	asked.Store(0)
	if err := askEndpoint(t.Context(), l.UI, &batch.Server{URL: server.URL}, 30*time.Second); err != nil {
		t.Error(err)
	}
}

// TestSwappedColours: the catalogue's versions, unless it is the built-in engine
// that has such a version.
func TestSwappedColours(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]bool{
		`{"version":"1.0.0","models":{"background_remover":{"loaded":true,"type":"rembg"}}}`:               true,
		`{"version":"1.0.0","models":{"background_remover":{"loaded":false,"type":"rembg"}}}`:              true,
		`{"version":"1.0.0","models":{"background_remover":{"loaded":false,"type":"none (lite engine)"}}}`: false,
		`{"version":"1.0.1","models":{"background_remover":{"loaded":true,"type":"rembg"}}}`:               false,
		`{"version":"1.0.0","models":{"background_remover":{"loaded":true,"type":"grabcut (built in)"}}}`:  false,
		`{}`: false,
	} {
		var status api.Status
		if err := json.Unmarshal([]byte(answer), &status); err != nil {
			t.Fatal(err)
		}
		if got := SwapsRedAndBlue(status); got != want {
			t.Errorf("%s: %v", answer, got)
		}
	}
}

// TestEndpointRemedies: a rejected user is told of the token, and so on.
func TestEndpointRemedies(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusUnauthorized:        "export FACECRAFT_TOKEN=TOKEN, with the bearer token of ",
		http.StatusInternalServerError: "check that server's log",
		http.StatusServiceUnavailable:  "wait longer with --timeout",
		http.StatusTeapot:              "check whether it answers: curl ",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		timeout := time.Minute
		if status == http.StatusServiceUnavailable {
			timeout = 100 * time.Millisecond
		}
		l, _ := spoken()
		_, err := Endpoints(t.Context(), l.UI, "", []string{server.URL}, timeout)
		if fault.CodeOf(err) != fault.Server || !strings.HasPrefix(fault.HintOf(err), want) {
			t.Errorf("%d: %v, fix: %s", status, err, fault.HintOf(err))
		}
	}
}
