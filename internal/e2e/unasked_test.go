package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// recorder is a proxy that records the requests, and answers none.
type recorder struct {
	*httptest.Server
	arrived chan struct{} // has something after a request
	mu      sync.Mutex
	asked   []string
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{arrived: make(chan struct{}, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, request.Method+" "+request.Host)
		r.arrived <- struct{}{}
		http.Error(w, "recorded", http.StatusBadGateway)
	}))
	t.Cleanup(r.Close)
	return r
}

// requests are those since it was asked last.
func (r *recorder) requests() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	requests := strings.Join(r.asked, ", ")
	r.asked = nil
	return requests
}

// TestNewReleaseUnasked: a release looks for a newer one at most once a day,
// only on a terminal, and never in CI or where that is turned off.
func TestNewReleaseUnasked(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("script")
	dockertest.Need(t, err, "script, which makes a terminal")
	dir := t.TempDir()
	program := filepath.Join(dir, "facecraft")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags",
		"-s -w -X main.version=v1.2.0 -X main.releaseKey=key", "-o", program, "github.com/djok/facecraft/cmd/facecraft")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	proxy := newRecorder(t)
	run := func(stdin io.Reader, environment string, command ...string) string {
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Dir, cmd.Stdin = dir, stdin
		cmd.Env = append(os.Environ(), "CI=", "HTTP_PROXY="+proxy.URL, "NO_PROXY=", "HOME="+dir,
			"FACECRAFT_RELEASES=http://releases.example", "DOCKER_HOST=unix://"+filepath.Join(dir, "none.sock"),
			"XDG_CACHE_HOME="+filepath.Join(dir, "cache"), environment)
		_ = cmd.Run() // without Docker and photos most fail
		return proxy.requests()
	}
	terminal := func(line string) []string { return []string{script, "-qec", line, os.DevNull} }
	for _, c := range []struct {
		environment string
		command     []string
	}{
		{"CI=true", terminal(program + " plan")},
		{"FACECRAFT_NO_UPDATE_CHECK=1", terminal(program + " plan")},
		{"", []string{program, "plan"}},
		{"", terminal(program + " version; " + program + " --help; " + program + " complete -- up --")},
	} {
		if got := run(nil, c.environment, c.command...); got != "" {
			t.Errorf("%s %s asked %s", c.environment, strings.Join(c.command, " "), got)
		}
	}
	// The names of photos do not end before the question has arrived.
	names, end := io.Pipe()
	go func() {
		select {
		case <-proxy.arrived:
		case <-time.After(time.Minute):
		}
		end.Close()
	}()
	if got := run(names, "", terminal(program+" process @-")...); got != "GET releases.example" {
		t.Errorf("on a terminal it asked %q", got)
	}
	if got := run(nil, "", terminal(program+" plan")...); got != "" {
		t.Errorf("on the same day it asked %s", got)
	}
}

// TestNothingUnasked: no command asks the network for what nobody asked for.
// All requests of the program go through a proxy that records them.
func TestNothingUnasked(t *testing.T) {
	t.Parallel()
	proxy := newRecorder(t)
	dir := t.TempDir()
	facecraft := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), dockertest.Binary(t), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "HOME="+dir,
			"DOCKER_HOST=unix://"+filepath.Join(dir, "none.sock"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
		_ = cmd.Run() // most fail without Docker; here only their requests matter
		return proxy.requests()
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
