package catalogue_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/dockertest"
)

// TestHealth runs the published images' health check against servers that
// answer like theirs.
func TestHealth(t *testing.T) {
	t.Parallel()
	_, err := exec.Command("python3", "--version").Output()
	dockertest.Need(t, err, "python3")
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			w.Write([]byte(body))
		}
	}
	missing := answer(http.StatusNotFound, `{"detail":"Not Found"}`)
	for name, tt := range map[string]struct {
		readiness, ready http.HandlerFunc
		healthy          bool
	}{
		"1.0.0 ready":          {missing, answer(200, `{"ready":true,"models_loaded":true}`), true},
		"1.0.0 loading":        {missing, answer(200, `{"ready":false,"models_loaded":false}`), false},
		"1.0.0 empty answer":   {missing, answer(200, `{}`), false},
		"newer, ready":         {answer(200, `{"ready":true}`), missing, true},
		"newer, only a status": {answer(200, `{}`), missing, true},
		"newer, loading":       {answer(503, `{"ready":false}`), answer(200, `{"ready":true}`), false},
		"different program":    {missing, missing, false},
		"not JSON":             {missing, answer(200, `<html>`), false},
		"busy with one photo":  {slow(missing), slow(answer(200, `{"ready":true}`)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("/readiness", tt.readiness)
			mux.HandleFunc("/ready", tt.ready)
			server := httptest.NewServer(mux)
			defer server.Close()
			_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
			cpu, _ := c.Variant("cpu")
			if cpu.Health[0] != "CMD-SHELL" || strings.Count(cpu.Health[1], "8000") != 1 ||
				strings.Contains(cpu.Health[1], "\n") {
				t.Fatalf("the check is %q", cpu.Health)
			}
			output, err := exec.Command("sh", "-c", strings.Replace(cpu.Health[1], "8000", port, 1)).CombinedOutput()
			if healthy := err == nil; healthy != tt.healthy {
				t.Errorf("healthy: %v, want %v\n%s", healthy, tt.healthy, output)
			}
		})
	}
}

// slow answers like a server that is processing a photo.
func slow(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * time.Second)
		handler(w, r)
	}
}
