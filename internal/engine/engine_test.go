package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/cli/cli/context/store"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/fault"
)

// environment fakes a machine that has only the given variables and programs.
func environment(variables map[string]string, programs ...string) engine.Env {
	return engine.Env{
		Getenv: func(name string) string { return variables[name] },
		LookPath: func(name string) (string, error) {
			for _, program := range programs {
				if program == name {
					return "/usr/bin/" + name, nil
				}
			}
			return "", exec.ErrNotFound
		},
		OS: "linux",
	}
}

// writeContext stores a context as `docker context create` does.
func writeContext(t *testing.T, dir, name, host string) {
	t.Helper()
	contexts := store.New(filepath.Join(dir, "contexts"), store.NewConfig(func() any { return &map[string]any{} }))
	err := contexts.CreateOrUpdate(store.Metadata{Name: name, Metadata: map[string]any{},
		Endpoints: map[string]any{"docker": map[string]any{"Host": host}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeContext(t, dir, "colima", "unix:///colima.sock")
	writeContext(t, dir, "far", "ssh://me@far")
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext":"colima"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for name, tt := range map[string]struct {
		variables    map[string]string
		host, source string
	}{
		"nothing set":     {map[string]string{"DOCKER_CONFIG": empty}, client.DefaultDockerHost, "the default socket"},
		"current context": {map[string]string{"DOCKER_CONFIG": dir}, "unix:///colima.sock", "the Docker context colima"},
		"DOCKER_CONTEXT": {map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "far"}, "ssh://me@far",
			"the Docker context far"},
		"default context": {map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "default"},
			client.DefaultDockerHost, "the default socket"},
		"DOCKER_HOST wins": {map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "far",
			"DOCKER_HOST": "tcp://10.0.0.1:2375"},
			"tcp://10.0.0.1:2375", "DOCKER_HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint, err := engine.Resolve(environment(tt.variables).Getenv)
			if err != nil {
				t.Fatal(err)
			}
			if endpoint.Host != tt.host || endpoint.Source != tt.source {
				t.Errorf("got %s from %s, want %s from %s", endpoint.Host, endpoint.Source, tt.host, tt.source)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"unix:///var/run/docker.sock": true, "npipe:////./pipe/docker_engine": true,
		"tcp://127.0.0.1:2375": true, "tcp://localhost:2375": true, "tcp://[::1]:2375": true,
		"tcp://192.0.2.1:2375": false, "ssh://me@far": false,
	} {
		if got := (engine.Endpoint{Host: host}).Local(); got != want {
			t.Errorf("%s: local %v, want %v", host, got, want)
		}
	}
}

// TestConnectExplains covers each way Docker can be unreachable: one error, one
// remedy, one exit code.
func TestConnectExplains(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	refusing := filepath.Join(dir, "refusing.sock")
	listener, err := net.Listen("unix", refusing)
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	listener.Close()
	writeContext(t, dir, "gone", "unix://"+filepath.Join(dir, "gone.sock"))

	for name, tt := range map[string]struct {
		variables  map[string]string
		text, hint string
		cause      error
	}{
		"variable points to a missing socket": {map[string]string{"DOCKER_HOST": "unix://" + filepath.Join(dir, "none.sock")},
			"no Docker responds at", "correct DOCKER_HOST", fs.ErrNotExist},
		"nothing listens on the socket": {map[string]string{"DOCKER_HOST": "unix://" + refusing},
			"no Docker responds at", "start that Docker", syscall.ECONNREFUSED},
		"nothing listens at the address": {map[string]string{"DOCKER_HOST": "tcp://127.0.0.1:1"},
			"no Docker responds at tcp://127.0.0.1:1", "check the address in DOCKER_HOST", nil},
		"context without a socket": {map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "gone"},
			"from the Docker context gone", "correct the Docker context gone", fs.ErrNotExist},
		"missing context": {map[string]string{"DOCKER_CONFIG": dir, "DOCKER_CONTEXT": "never"},
			`the Docker context "never", set in DOCKER_CONTEXT`, "docker context use", nil},
		"invalid address": {map[string]string{"DOCKER_HOST": "nonsense"}, "cannot be used", "correct DOCKER_HOST", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := engine.Connect(t.Context(), environment(tt.variables))
			if fault.CodeOf(err) != fault.Unrunnable {
				t.Fatalf("exit code %d of %v", fault.CodeOf(err), err)
			}
			if !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.HintOf(err), tt.hint) {
				t.Errorf("got %q, fix %q; want %q, %q", err, fault.HintOf(err), tt.text, tt.hint)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%v does not keep its cause %v", err, tt.cause)
			}
		})
	}
}

// TestUnreadableConfig: facecraft continues without the configuration, as
// docker does, and says so.
func TestUnreadableConfig(t *testing.T) {
	t.Parallel()
	broken, closed := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "config.json"), []byte(`{"currentContext":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(closed, "config.json"), 0o700); err != nil { // unreadable even for root
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"broken": broken, "unreadable": closed} {
		endpoint, err := engine.Resolve(environment(map[string]string{"DOCKER_CONFIG": dir}).Getenv)
		if err != nil || endpoint.Host != client.DefaultDockerHost {
			t.Errorf("%s: got %s, %v", name, endpoint.Host, err)
		}
		if !strings.Contains(endpoint.Note, "Docker's configuration file cannot be read, continuing without it") {
			t.Errorf("%s: got note %q", name, endpoint.Note)
		}
		var warned []string
		env := environment(map[string]string{"DOCKER_CONFIG": dir, "PATH": "none"})
		env.Warn = func(note string) { warned = append(warned, note) }
		if docker, err := engine.Connect(t.Context(), env); err == nil {
			docker.Close()
		}
		if len(warned) != 1 || warned[0] != endpoint.Note {
			t.Errorf("%s: got warning %q", name, warned)
		}
	}
}

// TestChosenVersion: a DOCKER_API_VERSION that the daemon does not support is
// explained, with a remedy.
func TestChosenVersion(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "d.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch r.URL.Path {
		case "/_ping":
		case "/v1.41/version":
			fmt.Fprint(w, "{}")
		default:
			http.Error(w, `{"message":"client version is not supported"}`, http.StatusBadRequest)
		}
	})}
	go server.Serve(listener)
	defer server.Close()
	for version, want := range map[string]bool{"1.41": true, "1.99": false, "9": false, "nonsense": false} {
		docker, err := engine.Connect(t.Context(), environment(map[string]string{
			"DOCKER_HOST": "unix://" + listener.Addr().String(), "DOCKER_API_VERSION": version}))
		if err == nil {
			docker.Close()
		}
		switch {
		case (err == nil) != want:
			t.Errorf("%s: %v", version, err)
		case err != nil && (fault.CodeOf(err) != fault.Unrunnable || fault.HintOf(err) != "unset DOCKER_API_VERSION" ||
			!strings.Contains(err.Error(), "does not support API version "+version)):
			t.Errorf("%s: got %v, fix %q", version, err, fault.HintOf(err))
		}
	}
}

// TestConnectSilent: if a daemon accepts and says nothing, the caller's context
// ends the wait.
func TestConnectSilent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "d.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := listener.Accept(); err == nil {
			defer conn.Close()
			cancel()
			<-t.Context().Done()
		}
	}()
	_, err = engine.Connect(ctx, environment(map[string]string{"DOCKER_HOST": "unix://" + listener.Addr().String()}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want an interruption", err)
	}
}

// TestConnectNegotiates: with an old daemon, the client must use its API
// version.
func TestConnectNegotiates(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "d.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.WriteHeader(http.StatusOK)
	})}
	go server.Serve(listener)
	defer server.Close()
	docker, err := engine.Connect(t.Context(),
		environment(map[string]string{"DOCKER_HOST": "unix://" + listener.Addr().String()}))
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	if version := docker.ClientVersion(); version != "1.41" {
		t.Errorf("negotiated version %s, want 1.41", version)
	}
}
