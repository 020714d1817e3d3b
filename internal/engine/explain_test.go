package engine

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

// TestExplainDefaultSocket covers the causes that a test run by root, on a
// machine with Docker, cannot reproduce.
func TestExplainDefaultSocket(t *testing.T) {
	t.Parallel()
	missing := Endpoint{Host: "unix:///nonexistent/docker.sock", Source: defaultSource}
	for name, tt := range map[string]struct {
		endpoint   Endpoint
		cause      error
		programs   []string
		os         string
		text, hint string
	}{
		"not installed": {missing, fs.ErrNotExist, nil, "linux", "Docker is not installed",
			"docs.docker.com/engine/install"},
		"installed, not running": {missing, fs.ErrNotExist, []string{"docker"}, "linux", "installed but not running",
			"systemctl start docker"},
		"Desktop not running": {missing, fs.ErrNotExist, []string{"docker"}, "darwin", "installed but not running",
			"start Docker Desktop"},
		"Desktop not installed": {missing, fs.ErrNotExist, nil, "windows", "Docker is not installed",
			"install Docker Desktop"},
		"connection refused": {Endpoint{Host: "npipe:////./pipe/docker_engine", Source: defaultSource},
			syscall.ECONNREFUSED, nil, "windows", "not running", "start Docker Desktop"},
		"no permission on socket": {Endpoint{Host: "npipe://x", Source: defaultSource}, os.ErrPermission, nil, "linux",
			"you do not have permission to use the Docker socket", "usermod -aG docker"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := Env{
				Getenv: func(string) string { return "" },
				LookPath: func(string) (string, error) {
					if len(tt.programs) > 0 {
						return "/usr/bin/" + tt.programs[0], nil
					}
					return "", exec.ErrNotFound
				},
				OS: tt.os,
			}
			err := env.explain(tt.endpoint, tt.cause)
			if fault.CodeOf(err) != fault.Unrunnable || !strings.Contains(err.Error(), tt.text) ||
				!strings.Contains(fault.HintOf(err), tt.hint) {
				t.Errorf("got %q, fix %q, exit code %d; want %q, %q", err, fault.HintOf(err), fault.CodeOf(err), tt.text, tt.hint)
			}
			if tt.endpoint != missing && !errors.Is(err, tt.cause) {
				t.Errorf("%v does not keep its cause", err)
			}
		})
	}
}

func TestInstallHint(t *testing.T) {
	t.Parallel()
	if got := (Env{OS: "linux", Install: "sudo apt-get install docker.io"}).
		installHint(); got != "install it: sudo apt-get install docker.io" {
		t.Errorf("got %q", got)
	}
}
