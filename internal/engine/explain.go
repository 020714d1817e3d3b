package engine

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/djok/facecraft/internal/fault"
)

// Env is what the package needs from the machine, so that tests can fake it.
type Env struct {
	Getenv   func(string) string
	LookPath func(string) (string, error) // as exec.LookPath
	OS       string                       // as runtime.GOOS
	// Install is the command that installs Docker on this distribution; empty
	// if unknown.
	Install string
	// Warn receives warnings about ignored settings; it may be nil.
	Warn func(note string)
}

func unusable(endpoint Endpoint, cause error) error {
	return fault.Wrap(fault.Unrunnable, cause, "correct "+endpoint.Source,
		"the Docker endpoint %s, from %s, cannot be used", endpoint.Host, endpoint.Source)
}

// explain turns a failed first request into what is wrong and how to fix it.
func (env Env) explain(endpoint Endpoint, cause error) error {
	// The client replaces the socket's error with its own text, so dial the
	// socket directly.
	socket, isSocket := strings.CutPrefix(endpoint.Host, "unix://")
	if isSocket {
		if dialErr := dialSocket(socket); dialErr != nil {
			cause = dialErr
		}
	}
	fail := func(hint, format string, args ...any) error {
		return fault.Wrap(fault.Unrunnable, cause, hint, format, args...)
	}
	switch {
	case errors.Is(cause, fs.ErrPermission):
		return fail("add yourself to its group: sudo usermod -aG docker $USER, then log in again",
			"you do not have permission to use the Docker socket %s", socket)
	case errors.Is(cause, context.DeadlineExceeded):
		return fail("restart Docker", "Docker at %s does not answer within %s", endpoint.Host, connectTimeout)
	case isSocket && endpoint.Source != defaultSource:
		return fail("start that Docker, or correct "+endpoint.Source, "no Docker responds at %s, from %s", endpoint.Host,
			endpoint.Source)
	case !isSocket && !strings.HasPrefix(endpoint.Host, "npipe://"):
		return fail("check the address in "+endpoint.Source+" and that the daemon there accepts it",
			"no Docker responds at %s, from %s", endpoint.Host, endpoint.Source)
	}
	if other := env.alternativeSocket(); other != "" {
		return fail("use it: export DOCKER_HOST=unix://"+other, "no Docker responds at %s, but there is a socket at %s",
			endpoint.Host, other)
	}
	if env.installed(cause) {
		return fail(env.startHint(), "Docker is installed but not running")
	}
	return fail(env.installHint(), "Docker is not installed")
}

// installed reports whether there are traces of Docker: a socket that refuses
// connections, or a program.
func (env Env) installed(cause error) bool {
	if errors.Is(cause, syscall.ECONNREFUSED) {
		return true
	}
	for _, program := range []string{"dockerd", "docker"} {
		if _, err := env.LookPath(program); err == nil {
			return true
		}
	}
	return false
}

// alternativeSocket looks where rootless Docker, Docker Desktop, Colima and
// Rancher Desktop listen if no context points to them.
func (env Env) alternativeSocket() string {
	var candidates []string
	if dir := env.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, "docker.sock"))
	}
	if home := env.Getenv(homeVariable); home != "" {
		for _, path := range []string{".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock",
			".rd/docker.sock"} {
			candidates = append(candidates, filepath.Join(home, path))
		}
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeSocket != 0 && dialSocket(path) == nil {
			return path
		}
	}
	return ""
}

func (env Env) startHint() string {
	if env.OS != "linux" {
		return "start Docker Desktop and wait until the engine is running"
	}
	return "start it: sudo systemctl start docker (without systemd: sudo service docker start)"
}

func (env Env) installHint() string {
	if env.OS != "linux" {
		return "install Docker Desktop: https://docs.docker.com/desktop/"
	}
	if env.Install != "" {
		return "install it: " + env.Install
	}
	return "install it: https://docs.docker.com/engine/install/"
}

func dialSocket(path string) error {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}
