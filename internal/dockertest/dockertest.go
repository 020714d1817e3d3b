// Package dockertest supports tests that need a real Docker daemon: it connects
// to it, or skips the test by name, and cleans up after the test.
package dockertest

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/detect"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
)

// Required reports whether a test without its prerequisites must fail instead
// of being skipped.
func Required() bool { return os.Getenv("FACECRAFT_E2E") == "required" }

// Need skips the test, or fails it if prerequisites are required.
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
	docker, err := engine.Connect(t.Context(), environment())
	Need(t, err, "Docker")
	t.Cleanup(func() { docker.Close() })
	return docker
}

// DockerOnly skips the test on Podman, which behaves differently.
func DockerOnly(t testing.TB, docker client.APIClient, what string) {
	t.Helper()
	if IsPodman(t, docker) {
		t.Skipf("needs Docker, not Podman: %s", what)
	}
}

// IsPodman reports whether the engine is Podman.
func IsPodman(t testing.TB, docker client.APIClient) bool {
	t.Helper()
	version, err := docker.ServerVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(version.Components, func(c types.ComponentVersion) bool {
		return c.Name == "Podman Engine"
	})
}

// KeepsContent tells whether the engine's images are in a containerd store.
func KeepsContent(t testing.TB, docker client.APIClient) bool {
	t.Helper()
	info, err := docker.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return engine.HasContainerdStore(info)
}

// ContentStoreOnly skips the test on an engine without a containerd store.
func ContentStoreOnly(t testing.TB, docker client.APIClient) {
	t.Helper()
	if !KeepsContent(t, docker) {
		t.Skip("needs an engine with a containerd store: make test-engine29")
	}
}

// APIFrom tells whether the engine's API has at least that version.
func APIFrom(t testing.TB, docker client.APIClient, version string) bool {
	t.Helper()
	server, err := docker.ServerVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return versions.GreaterThanOrEqualTo(server.APIVersion, version)
}

func environment() engine.Env {
	return engine.Env{Getenv: os.Getenv, LookPath: exec.LookPath, OS: runtime.GOOS}
}

// Instance returns an instance name for the test's servers. Everything with
// that name is removed when the test ends.
func Instance(t testing.TB, docker client.APIClient) string {
	t.Helper()
	name := fmt.Sprintf("facecraft-test-%08x", rand.Uint32())
	t.Cleanup(func() { removeInstance(t, docker, name) })
	return name
}

func removeInstance(t testing.TB, docker client.APIClient, name string) {
	ctx := context.WithoutCancel(t.Context())
	removeContainers(t, docker, func(c container.Summary) bool {
		return c.Labels[plan.LabelInstance] == name || c.Labels[plan.LabelHelper] == name
	})
	own := filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+name))
	if _, err := docker.NetworksPrune(ctx, own); err != nil {
		t.Errorf("remove the test's networks: %v", err)
	}
	volumes, err := docker.VolumeList(ctx, volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))})
	if err != nil {
		t.Errorf("list the test's volumes: %v", err)
	}
	// Also the notes about which images it used.
	notes, err := docker.VolumeList(ctx,
		volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "io.facecraft.image-user="+name))})
	if err != nil {
		t.Errorf("list the test's notes: %v", err)
	}
	for _, v := range append(volumes.Volumes, notes.Volumes...) {
		if err := docker.VolumeRemove(ctx, v.Name, true); err != nil {
			t.Errorf("remove the test's volume: %v", err)
		}
	}
}

func removeContainers(t testing.TB, docker client.APIClient, which func(container.Summary) bool) {
	ctx := context.WithoutCancel(t.Context())
	containers, err := docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		t.Errorf("list the test's containers: %v", err)
	}
	for _, c := range containers {
		if !which(c) {
			continue
		}
		err := insist(func() error {
			return unlessGone(docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true}))
		})
		if err != nil {
			t.Errorf("remove the test's container: %v", err)
		}
	}
}

// insist retries for a while. Podman (4.3) cannot remove a container that is
// exiting or restarting, or list images while one is being removed.
func insist(try func() error) error {
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if err := try(); err == nil || time.Since(begin) > 10*time.Second {
			return err
		}
	}
}

// unlessGone returns a removal's error, unless the thing no longer exists.
func unlessGone(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// RemoveImages removes, when the test ends, the images whose reference starts
// with prefix, and their containers.
func RemoveImages(t testing.TB, docker client.APIClient, prefix string) {
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		var images []imagetypes.Summary
		err := insist(func() (err error) {
			images, err = docker.ImageList(ctx, imagetypes.ListOptions{})
			return err
		})
		if err != nil {
			t.Errorf("list the test's images: %v", err)
		}
		for _, img := range images {
			// An image that lost its tag to a newer one still has its digest.
			for _, tag := range slices.Concat(img.RepoTags, img.RepoDigests) {
				if !strings.HasPrefix(tag, prefix) {
					continue
				}
				// An image in use would only lose its name.
				removeContainers(t, docker, func(c container.Summary) bool { return c.Image == tag })
				if _, err := docker.ImageRemove(ctx, tag, imagetypes.RemoveOptions{Force: true}); unlessGone(err) != nil {
					t.Errorf("remove the test's image: %v", err)
				}
			}
		}
	})
}

// Registry starts an empty registry for the test and returns its HOST:PORT.
func Registry(t testing.TB) string {
	t.Helper()
	server := registryServer(t, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// registryServer returns an unstarted server on one of the registries' ports.
func registryServer(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	var err error
	for port := firstRegistryPort; port < firstPort; port++ {
		if server.Listener, err = net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return server
		}
	}
	t.Fatalf("no free port for a registry: %v", err)
	return nil
}

// firstRegistryPort starts the registries' ports, which end before firstPort.
// There are few, because Podman must be configured for each one without TLS;
// Docker allows that for all of 127.0.0.0/8.
const firstRegistryPort = 19900

const firstPort, ports = 20000, 12000

// givenPorts starts at a random number, to separate packages that are tested in
// parallel.
var givenPorts = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(ports))
	return &n
}()

// FreePort returns a TCP port of this machine that was free when checked.
func FreePort(t testing.TB) int {
	t.Helper()
	return FreePorts(t, 1)
}

// FreePorts returns the first of several consecutive TCP ports that were free
// when checked. They are below the kernel's range for outgoing connections, of
// which the tests make thousands (ip_local_port_range of ip-sysctl(7)). No two
// tests of a package get the same port, because a port is only used some time
// after it was returned.
func FreePorts(t testing.TB, count int) int {
	t.Helper()
	for range 100 {
		last := firstPort + int(givenPorts.Add(int64(count)))%ports
		first := last - count + 1
		free := first >= firstPort
		for port := first; free && port <= last; port++ {
			free = !detect.Listening(port) // on any address, as the program checks
		}
		if free {
			return first
		}
	}
	t.Fatalf("no %d consecutive free ports", count)
	return 0
}

// built are programs of this module, each built once for all tests of a
// package.
var built = struct {
	sync.Mutex
	dir   string
	lite  string // the lite image's reference, once a test asked for it
	files map[string]string
}{files: map[string]string{}}

func build(t testing.TB, pkg string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if file, ok := built.files[pkg]; ok {
		return file
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "facecraft-test-")
		if err != nil {
			t.Fatal(err)
		}
		// Other users must be able to run its content too.
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		built.dir = dir
	}
	file := filepath.Join(built.dir, path.Base(pkg))
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	// The build ID gives each package's tests their own image, which no other
	// package removes while they run.
	flags := fmt.Sprintf("-s -w -buildid=%08x -X main.version=v0.0.0-test", rand.Uint32())
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", flags, "-o", file, "github.com/djok/facecraft/"+pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, output)
	}
	built.files[pkg] = file
	return file
}

// Binary builds the program as it is released.
func Binary(t testing.TB) string {
	t.Helper()
	return build(t, "cmd/facecraft")
}

// Main runs a package's tests and removes the programs that they built and the
// lite image, which the tests share. A package that uses Binary, Lite or Stub
// calls it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if err := removeLite(); err != nil {
		fmt.Fprintln(os.Stderr, "remove the lite image:", err)
		code = max(code, 1)
	}
	os.RemoveAll(built.dir)
	os.Exit(code)
}

func removeLite() error {
	if built.lite == "" {
		return nil
	}
	docker, err := engine.Connect(context.Background(), environment())
	if err != nil {
		return nil // without Docker there is no image
	}
	defer docker.Close()
	_, err = docker.ImageRemove(context.Background(), built.lite, imagetypes.RemoveOptions{})
	// Another package's tests may still use it, and will then remove it.
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil
	}
	return err
}

// Lite returns the lite image of Binary.
func Lite(t testing.TB) *helper.Helper {
	t.Helper()
	lite := image(t, Binary(t))
	built.Lock()
	defer built.Unlock()
	built.lite = lite.Reference()
	return lite
}

func image(t testing.TB, executable string) *helper.Helper {
	t.Helper()
	data, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	made, err := helper.FromExecutable(data, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// PushLite pushes the lite image to a registry under a reference.
func PushLite(t testing.TB, reference string) {
	t.Helper()
	img, err := Lite(t).Image()
	if err != nil {
		t.Fatal(err)
	}
	Push(t, reference, img)
}

// Stub loads an image of the stub with this behaviour and returns its
// reference.
func Stub(t testing.TB, docker client.APIClient, behaviour ...string) string {
	t.Helper()
	return StubWith(t, docker, func(c *v1.Config) { c.Cmd = behaviour })
}

// StubWith loads an image of the stub with a changed configuration and
// additional layers.
func StubWith(t testing.TB, docker client.APIClient, change func(*v1.Config), layers ...v1.Layer) string {
	t.Helper()
	img, err := image(t, build(t, "internal/dockertest/stub")).Image()
	if err != nil {
		t.Fatal(err)
	}
	if img, err = mutate.AppendLayers(img, layers...); err != nil {
		t.Fatal(err)
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config := file.Config
	change(&config)
	if img, err = mutate.Config(img, config); err != nil {
		t.Fatal(err)
	}
	return Load(t, docker, img)
}

// Load loads an image into the daemon and returns its reference. It is removed
// when the test ends.
func Load(t testing.TB, docker client.APIClient, img v1.Image) string {
	t.Helper()
	// A fully qualified name that never resolves to a registry. (RFC 6761, 6.4)
	reference := fmt.Sprintf("facecraft-test.invalid/image/%08x:cpu", rand.Uint32())
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(tarball.Write(tag, img, writer)) }()
	RemoveImages(t, docker, reference)
	response, err := docker.ImageLoad(t.Context(), reader, client.ImageLoadWithQuiet(true))
	if err != nil {
		t.Fatalf("load the image: %v", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatalf("load the image: %v", err)
	}
	return reference
}

// Push pushes an image to a registry under a reference.
func Push(t testing.TB, reference string, img v1.Image) {
	t.Helper()
	tag, err := name.NewTag(reference, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
}
