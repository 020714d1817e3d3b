package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/png"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/plan"
)

// user is somebody who types commands: a directory, an instance and a port of
// their own.
type user struct {
	t        *testing.T
	docker   *engine.Engine
	instance string
	port     int
	dir      string
}

func newUser(t *testing.T) *user {
	t.Helper()
	docker := dockertest.Engine(t)
	dockertest.Lite(t) // taken away when all tests are done
	return &user{t: t, docker: docker, instance: dockertest.Instance(t, docker), port: dockertest.FreePort(t), dir: t.TempDir()}
}

func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(u.t.Context(), dockertest.Binary(u.t), args...)
	cmd.Dir = u.dir
	cmd.Env = append(os.Environ(), "FACECRAFT_INSTANCE="+u.instance, fmt.Sprintf("FACECRAFT_CLI_PORT=%d", u.port),
		"XDG_CACHE_HOME="+filepath.Join(u.dir, "cache"))
	return cmd
}

// run fails the test unless the command succeeds, and returns its standard
// output.
func (u *user) run(args ...string) string {
	u.t.Helper()
	cmd := u.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		u.t.Fatalf("facecraft %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(output)
}

func (u *user) containers() []container.Summary {
	u.t.Helper()
	list, err := u.docker.ContainerList(u.t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelInstance+"="+u.instance))})
	if err != nil {
		u.t.Fatal(err)
	}
	return list
}

func (u *user) volumes() int {
	u.t.Helper()
	list, err := u.docker.VolumeList(u.t.Context(), volume.ListOptions{Filters: filters.NewArgs(filters.Arg("name", u.instance))})
	if err != nil {
		u.t.Fatal(err)
	}
	return len(list.Volumes)
}

// TestContainerIsConfined reads the running server's settings back from the
// daemon.
func TestContainerIsConfined(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	list := u.containers()
	if len(list) != 1 {
		t.Fatalf("%d containers, want one", len(list))
	}
	c, err := u.docker.ContainerInspect(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			t.Errorf("%s is %s, want %s", what, g, w)
		}
	}
	check("user", c.Config.User, "1000:1000")
	check("capabilities added", c.HostConfig.CapAdd, "[]")
	check("privileged", c.HostConfig.Privileged, false)
	check("security options", c.HostConfig.SecurityOpt, "[no-new-privileges]")
	check("read-only", c.HostConfig.ReadonlyRootfs, true)
	check("memory", c.HostConfig.Memory, 512<<20)
	check("processes", *c.HostConfig.PidsLimit, 128)
	check("never restarted", c.HostConfig.RestartPolicy.IsNone() || c.HostConfig.RestartPolicy.Name == "", true)
	for port, bindings := range c.NetworkSettings.Ports {
		for _, b := range bindings {
			if !net.ParseIP(b.HostIP).IsLoopback() {
				t.Errorf("%s is published on %s", port, b.HostIP)
			}
			check("port", b.HostPort, u.port)
		}
	}
	// What the kernel says of the server's process counts, not the settings.
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
	if err != nil {
		dockertest.Need(t, err, "a daemon whose processes can be seen")
	}
	for _, want := range []string{"Uid:\t1000\t1000\t1000\t1000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("the kernel does not say %q of the server:\n%s", want, status)
		}
	}
}

// TestLiteMemory holds the lite engine to 60 MB resident after ten photos.
func TestLiteMemory(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	photo, err := filepath.Abs("testdata/photos/astronaut.png")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		u.run("process", photo, "-o", fmt.Sprintf("%d.png", i))
	}
	c, err := u.docker.ContainerInspect(t.Context(), u.containers()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
	if err != nil {
		dockertest.Need(t, err, "a daemon whose processes can be seen")
	}
	var kib int
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	t.Logf("%d kB resident after ten photos", kib)
	if kib == 0 || kib >= 60_000 {
		t.Errorf("%d kB resident after ten photos, want less than 60000", kib)
	}
}

// TestPortrait looks at the picture itself.
func TestPortrait(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	photo, err := filepath.Abs("testdata/photos/astronaut.png")
	if err != nil {
		t.Fatal(err)
	}
	u.run("process", "--lite", photo, "-o", "face.png")
	file, err := os.Open(filepath.Join(u.dir, "face.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	portrait, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if size := portrait.Bounds().Size(); size != image.Pt(648, 648) {
		t.Fatalf("size %v", size)
	}
	alpha := func(x, y int) uint32 {
		_, _, _, a := portrait.At(x, y).RGBA()
		return a >> 8
	}
	for _, corner := range []image.Point{{0, 0}, {647, 0}, {0, 647}, {647, 647}} {
		if a := alpha(corner.X, corner.Y); a != 0 {
			t.Errorf("the corner %v is not transparent: %d", corner, a)
		}
	}
	if a := alpha(324, 324); a != 255 {
		t.Errorf("the centre is not opaque: %d", a)
	}
	if a := alpha(590, 300); a != 0 {
		t.Errorf("the studio's backdrop beside her head is still there: %d", a)
	}
	// Her face in the middle is skin: bright, and more red than blue.
	r, _, b, _ := portrait.At(324, 360).RGBA()
	if r>>8 < 120 || r < b+b/8 {
		t.Errorf("no skin in the middle: red %d, blue %d", r>>8, b>>8)
	}
}

// TestRegistry brings an image up from nothing: pushed to a registry, pulled,
// run, used and found again.
func TestRegistry(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	reference := dockertest.Registry(t) + "/djok/facecraft:cpu"
	dockertest.PushLite(t, reference)
	dockertest.RemoveImages(t, u.docker, reference)
	url := strings.TrimSpace(u.run("up", "--image", reference))
	if want := fmt.Sprintf("http://127.0.0.1:%d", u.port); url != want {
		t.Errorf("runs at %s, want %s", url, want)
	}
	var servers []struct {
		Image, Variant string
		Ready          bool
	}
	if err := json.Unmarshal([]byte(u.run("status", "--json")), &servers); err != nil {
		t.Fatal(err)
	}
	if len(servers) != 1 || servers[0].Image != reference || servers[0].Variant != "cpu" || !servers[0].Ready {
		t.Errorf("status %+v", servers)
	}
	photo, err := filepath.Abs("testdata/photos/astronaut.png")
	if err != nil {
		t.Fatal(err)
	}
	u.run("process", photo, "-o", "face.png")
	u.run("down")
	if n := len(u.containers()); n != 0 {
		t.Errorf("%d containers after down", n)
	}
}

// TestPullFails ends at once, with the registry's word and a remedy.
func TestPullFails(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	host := dockertest.Registry(t)
	dockertest.PushLite(t, host+"/djok/facecraft:cpu")
	for reference, want := range map[string]string{
		host + "/djok/facecraft:nope": "the image does not exist",
		host + "/nobody/nothing:cpu":  "the image does not exist",
	} {
		u.fails(1, []string{want, "fix: "}, "up", "--image", reference)
	}
	if n := len(u.containers()) + u.volumes(); n != 0 {
		t.Errorf("%d containers and volumes left behind", n)
	}
}

// TestAskDaemon: what this program cannot see of a registry the daemon is asked
// for, before anybody has to agree to anything.
func TestAskDaemon(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it asks a registry for others")
	u.fails(1, []string{"the registry cannot be reached", "fix: "}, "up", "--image", "127.0.0.1:1/facecraft:cpu")
	dark := dockertest.NewFaultyRegistry(t)
	dark.Fail("", -1, dockertest.OnlyForDaemons)
	u.fails(1, []string{"the image does not exist", "fix: check the name"}, "pull", "--image", dark.Host+"/facecraft:nope")
}

func exitCode(err error) int {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// interrupt sends Ctrl-C once ready is closed or answers, and expects the end
// that the README promises.
func (u *user) interrupt(cmd *exec.Cmd, ready func()) {
	u.t.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	ready()
	begin := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		u.t.Fatal(err)
	}
	err := cmd.Wait()
	u.t.Logf("ended %s after the interruption", time.Since(begin).Round(time.Millisecond))
	if code := exitCode(err); code != 130 {
		u.t.Errorf("exit code %d, want 130\n%s", code, &output)
	}
	if n := len(u.containers()); n != 0 {
		u.t.Errorf("%d containers left behind", n)
	}
	if n := u.volumes(); n != 0 {
		u.t.Errorf("%d volumes left behind", n)
	}
}

func TestInterruptPull(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	registry := dockertest.NewFaultyRegistry(t)
	reference := registry.Host + "/djok/facecraft:cpu"
	layer := dockertest.Layer(t, 4<<20) // one that the daemon cannot have already
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dockertest.Push(t, reference, dockertest.ImageOf(t, layer))
	const half = 1 << 20
	registry.Fail("GET /v2/djok/facecraft/blobs/"+digest.String(), -1, dockertest.StallAfter(half))
	dockertest.RemoveImages(t, u.docker, reference)
	u.interrupt(u.command("up", "--image", reference), func() {
		waitFor(t, func() bool { return registry.Served() >= half })
	})
	if _, err := u.docker.ImageInspect(t.Context(), reference); err == nil {
		t.Error("half an image is there")
	}
}

func TestInterruptWait(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	reference := u.stub("silent")
	u.interrupt(u.command("up", "--image", reference), func() {
		waitFor(t, func() bool {
			list := u.containers()
			return len(list) == 1 && list[0].State == "running"
		})
		time.Sleep(200 * time.Millisecond) // some polls into the wait
	})
}

// stub is the reference of an image that behaves as told.
func (u *user) stub(behaviour ...string) string {
	u.t.Helper()
	return dockertest.Stub(u.t, u.docker, behaviour...)
}

// TestServerDies is told at once, with its last log lines, and the container is
// kept for a look; the next up takes its place, and that of those beside it.
func TestServerDies(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.port = dockertest.FreePorts(t, 2)
	output, err := u.command("up", "--image", u.stub("dies")).CombinedOutput()
	if exitCode(err) != 6 {
		t.Errorf("exit code %d, want 6", exitCode(err))
	}
	for _, want := range []string{"the server died before it was ready", "exit code 3", "loading models", "cannot go on", "fix: "} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
	u.fails(6, []string{"the server " + u.instance, "died before it was ready"}, "up", "--recreate", "--replicas", "2", "--image", u.stub("dies"))
	if logs := u.run("logs"); !strings.Contains(logs, "loading models") {
		t.Errorf("the log is gone: %q", logs)
	}
	u.run("up", "--lite")
	if list := u.containers(); len(list) != 1 || list[0].State != "running" {
		t.Errorf("containers %+v", list)
	}
}

// TestNeverReady gives up when told to, and leaves the server loading.
func TestNeverReady(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	output, err := u.command("up", "--image", u.stub("silent"), "--timeout", "500ms").CombinedOutput()
	if exitCode(err) != 6 || !strings.Contains(string(output), "the server was not ready after 500ms") {
		t.Errorf("exit code %d\n%s", exitCode(err), output)
	}
	if list := u.containers(); len(list) != 1 || list[0].State != "running" {
		t.Errorf("containers %+v", list)
	}
}

// TestOldReadiness is version 1.0.0: without /readiness, and with a /ready
// whose status lies.
func TestOldReadiness(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	begin := time.Now()
	u.run("up", "--image", u.stub("old", "2s"))
	if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("announced ready after %s, before the server was", took)
	}
}

// TestTwoAtOnce end with one container and two successes, also where a server
// is started before it is proven that it can write.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("pull", "--lite")
	for _, flags := range [][]string{{"--lite"}, {"--image", u.stub("old", "0s")}} {
		for range 5 {
			var wg sync.WaitGroup
			for range 2 {
				cmd := u.command(append([]string{"up"}, flags...)...)
				wg.Go(func() {
					if output, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("%v\n%s", err, output)
					}
				})
			}
			wg.Wait()
			if n := len(u.containers()); n != 1 {
				t.Errorf("%d containers, want one", n)
			}
			u.run("down")
		}
	}
}

// TestPortTaken names the port that cannot be had.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", u.port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	output, err := u.command("up", "--lite").CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(output), fmt.Sprintf("port %d is taken", u.port)) {
		t.Errorf("exit code %d\n%s", exitCode(err), output)
	}
	if n := len(u.containers()); n != 0 {
		t.Errorf("%d containers left behind", n)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !done() {
		if ctx.Err() != nil {
			t.Fatal("it did not come about within 30 s")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
