// Package dockertest is for tests that need the real Docker Engine: it finds
// it, or has the test skipped by name, and takes away all that a test leaves.
package dockertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
)

// Required tells whether a test that lacks what it needs must fail rather
// than be skipped.
func Required() bool { return os.Getenv("FACECRAFT_E2E") == "required" }

// Need skips the test, or fails it where everything is required.
func Need(t testing.TB, missing error, what string) {
	t.Helper()
	switch {
	case missing == nil:
	case Required():
		t.Fatalf("%s is required: %v", what, missing)
	default:
		t.Skipf("needs %s: %v", what, missing)
	}
}

// Engine connects to the machine's Docker.
func Engine(t testing.TB) *engine.Engine {
	t.Helper()
	docker, err := engine.Connect(t.Context(), engine.Env{Getenv: os.Getenv, LookPath: exec.LookPath, OS: runtime.GOOS})
	Need(t, err, "Docker")
	t.Cleanup(func() { docker.Close() })
	return docker
}

// Instance is a name for the test's own servers. What bears it when the test
// ends is removed.
func Instance(t testing.TB, docker *engine.Engine) string {
	t.Helper()
	name := fmt.Sprintf("facecraft-test-%08x", rand.Uint32())
	t.Cleanup(func() { removeInstance(t, docker, name) })
	return name
}

func removeInstance(t testing.TB, docker *engine.Engine, name string) {
	ctx := context.WithoutCancel(t.Context())
	for _, label := range []string{plan.LabelInstance, plan.LabelProbe} {
		containers, err := docker.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label+"="+name))})
		if err != nil {
			t.Errorf("list the test's containers: %v", err)
		}
		for _, c := range containers {
			if err := docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}); err != nil {
				t.Errorf("remove the test's container: %v", err)
			}
		}
	}
	volumes, err := docker.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name+"_"))})
	if err != nil {
		t.Errorf("list the test's volumes: %v", err)
	}
	for _, v := range volumes.Volumes {
		if err := docker.VolumeRemove(ctx, v.Name, true); err != nil {
			t.Errorf("remove the test's volume: %v", err)
		}
	}
}

// RemoveImages removes the images whose reference begins with prefix when the
// test ends.
func RemoveImages(t testing.TB, docker *engine.Engine, prefix string) {
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		images, err := docker.ImageList(ctx, image.ListOptions{})
		if err != nil {
			t.Errorf("list the test's images: %v", err)
		}
		for _, img := range images {
			for _, tag := range img.RepoTags {
				if !strings.HasPrefix(tag, prefix) {
					continue
				}
				if _, err := docker.ImageRemove(ctx, tag, image.RemoveOptions{Force: true}); err != nil {
					t.Errorf("remove the test's image: %v", err)
				}
			}
		}
	})
}

// Registry is an empty registry of the test's own, by its HOST:PORT.
func Registry(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// FreePort is a TCP port of this machine that was free a moment ago.
func FreePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "facecraft-test-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "facecraft")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=v0.0.0-test",
		"-o", binary, "github.com/djok/facecraft/cmd/facecraft")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return binary, nil
})

// Binary is the program as it is released, built once for all tests of a
// package..
func Binary(t testing.TB) string {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatalf("build the program: %v", err)
	}
	return binary
}

// Lite is the lite image of Binary.
func Lite(t testing.TB) *helper.Helper {
	t.Helper()
	data, err := os.ReadFile(Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	lite, err := helper.FromExecutable(data, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return lite
}

// Main runs a package's tests and takes away the program that they built. A
// package that uses Binary calls it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if binary, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}
