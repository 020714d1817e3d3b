package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestNothingUnasked: no command asks the network for what nobody asked for.
// All requests of the program go through a proxy that records them.
func TestNothingUnasked(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host)
		http.Error(w, "recorded", http.StatusBadGateway)
	}))
	defer proxy.Close()
	dir := t.TempDir()
	facecraft := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), dockertest.Binary(t), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "HOME="+dir,
			"DOCKER_HOST=unix://"+filepath.Join(dir, "none.sock"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
		_ = cmd.Run() // most fail without Docker; here only their requests matter
		mu.Lock()
		defer mu.Unlock()
		requests := strings.Join(asked, ", ")
		asked = nil
		return requests
	}
	for _, line := range []string{
		"version", "--help", "plan", "doctor", "status", "up --lite --no-open", "down", "logs", "open", "lint", "compose",
		"completion bash", "complete -- process --endpoint x", "process none.jpg", "upgrade", "upgrade --check",
	} {
		if requests := facecraft(strings.Fields(line)...); requests != "" {
			t.Errorf("facecraft %s asked %s", line, requests)
		}
	}
	// The proxy does record: this one must ask.
	if facecraft("verify", "--depth", "config", "docker://registry.example/x") == "" {
		t.Error("the proxy recorded nothing of a command that asks a registry")
	}
}
