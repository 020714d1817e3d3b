package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
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
	a, _ := spoken()
	if err := a.askEndpoint(t.Context(), &batch.Server{URL: server.URL}, 0); err == nil {
		t.Error("one that did not answer was not waited for, and counts as ready")
	}
	asked.Store(0)
	if err := a.askEndpoint(t.Context(), &batch.Server{URL: server.URL}, 30*time.Second); err != nil {
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
		`{}`: false,
	} {
		var status api.Status
		if err := json.Unmarshal([]byte(answer), &status); err != nil {
			t.Fatal(err)
		}
		if got := swapsRedAndBlue(status); got != want {
			t.Errorf("%s: %v", answer, got)
		}
	}
}

// TestWaitsInWords: each phase says what is waited for.
func TestWaitsInWords(t *testing.T) {
	t.Parallel()
	for phase, want := range map[batch.Phase]string{
		batch.Sending:    "sending anna.jpg to http://gpu1:8000",
		batch.Working:    "http://gpu1:8000 is working on anna.jpg",
		batch.Fetching:   "fetching the portrait of anna.jpg from http://gpu1:8000",
		batch.Pausing:    "http://gpu1:8000 asked for a pause",
		batch.Recovering: "waiting for http://gpu1:8000 to answer again",
	} {
		if got := waitText(batch.Wait{Phase: phase, Photo: "photos/anna.jpg", Server: "http://gpu1:8000"}); got != want {
			t.Errorf("%s: %q, want %q", phase, got, want)
		}
	}
}
