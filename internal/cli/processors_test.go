package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

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
