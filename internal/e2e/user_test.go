package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/plan"
)

// user is someone who types commands, with a directory, an instance and a
// port that nobody else has.
type user struct {
	t        testing.TB
	docker   *engine.Engine
	instance string
	port     int
	dir      string
	env      []string // NAME=VALUE, on top of the environment of the tests
	program  []string // the program and what runs it, if it is not the one of this system
}

func newUser(t testing.TB) *user {
	t.Helper()
	docker := dockertest.Engine(t)
	dockertest.Lite(t) // removed when all tests are done
	return &user{
		t: t, docker: docker,
		instance: dockertest.Instance(t, docker), port: dockertest.FreePort(t), dir: t.TempDir(),
	}
}

// in is the same user in a subtest.
func (u *user) in(t testing.TB) *user {
	same := *u
	same.t = t
	return &same
}

// with is the same user with these variables (NAME=VALUE) in the environment.
func (u *user) with(env ...string) *user {
	same := *u
	same.env = append(u.env[:len(u.env):len(u.env)], env...)
	return &same
}

func (u *user) command(args ...string) *exec.Cmd {
	line := slices.Concat(u.program, args)
	if u.program == nil {
		line = append([]string{dockertest.Binary(u.t)}, args...)
	}
	cmd := exec.CommandContext(u.t.Context(), line[0], line[1:]...)
	cmd.Dir = u.dir
	cmd.Env = append(os.Environ(), "FACECRAFT_INSTANCE="+u.instance, fmt.Sprintf("FACECRAFT_CLI_PORT=%d", u.port),
		"XDG_CACHE_HOME="+filepath.Join(u.dir, "cache"))
	cmd.Env = append(cmd.Env, u.env...)
	return cmd
}

// run fails the test unless the command succeeds, and returns its standard
// output.
func (u *user) run(args ...string) string {
	u.t.Helper()
	return output(u.t, u.command(args...))
}

// expect runs a command that must exit with the code and say all of want, on
// either stream. It returns what the command said.
func (u *user) expect(code int, want []string, args ...string) string {
	u.t.Helper()
	said, err := u.command(args...).CombinedOutput()
	if exitCode(err) != code {
		u.t.Errorf("facecraft %s: exit code %d, want %d\n%s", strings.Join(args, " "), exitCode(err), code, said)
	}
	for _, text := range want {
		if !strings.Contains(string(said), text) {
			u.t.Errorf("facecraft %s does not say %q:\n%s", strings.Join(args, " "), text, said)
		}
	}
	return string(said)
}

// shell runs a line as a person would paste it.
func (u *user) shell(line string) string {
	u.t.Helper()
	cmd := exec.CommandContext(u.t.Context(), "sh", "-c", line)
	cmd.Dir = u.dir
	return output(u.t, cmd)
}

// stub is the reference of an image that behaves as told.
func (u *user) stub(behaviour ...string) string {
	u.t.Helper()
	return dockertest.Stub(u.t, u.docker, behaviour...)
}

// containers are the instance's servers, running or not.
func (u *user) containers() []container.Summary {
	u.t.Helper()
	return u.labelled(plan.LabelInstance)
}

// helpers are the instance's short-lived containers.
func (u *user) helpers() []container.Summary {
	u.t.Helper()
	return u.labelled(plan.LabelHelper)
}

func (u *user) labelled(label string) []container.Summary {
	u.t.Helper()
	list, err := u.docker.ContainerList(u.t.Context(), container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", label+"="+u.instance)),
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return list
}

// server is the instance's only container, as the daemon describes it.
func (u *user) server() container.InspectResponse {
	u.t.Helper()
	list := u.containers()
	if len(list) != 1 {
		u.t.Fatalf("%d containers, want one", len(list))
	}
	c, err := u.docker.ContainerInspect(u.t.Context(), list[0].ID)
	if err != nil {
		u.t.Fatal(err)
	}
	return c
}

// kernelStatus is what the kernel says about the server's process, as in
// proc(5).
func (u *user) kernelStatus() string {
	u.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", u.server().State.Pid))
	if err != nil {
		dockertest.Need(u.t, err, "a daemon whose processes can be seen")
	}
	return string(status)
}

// kilobytes is a line of proc(5)'s status, and 0 where there is none, as for a
// process that has ended.
func kilobytes(status, field string) (kb int64) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			fmt.Sscan(rest, &kb)
		}
	}
	return kb
}

func (u *user) volumes() int {
	u.t.Helper()
	list, err := u.docker.VolumeList(u.t.Context(), volume.ListOptions{
		Filters: filters.NewArgs(filters.Arg("name", u.instance)),
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return len(list.Volumes)
}

func (u *user) hasImage(reference string) bool {
	_, err := u.docker.ImageInspect(u.t.Context(), reference)
	return err == nil
}

// checkServers expects so many servers, all in that state.
func (u *user) checkServers(count int, state string) {
	u.t.Helper()
	list := u.containers()
	if len(list) != count {
		u.t.Errorf("%d containers, want %d", len(list), count)
	}
	for _, c := range list {
		if c.State != state {
			u.t.Errorf("%v is %s, want %s", c.Names, c.State, state)
		}
	}
}

func (u *user) checkNoContainers() {
	u.t.Helper()
	if n := len(u.containers()); n != 0 {
		u.t.Errorf("%d containers left behind", n)
	}
}

func (u *user) checkVolumes(want int) {
	u.t.Helper()
	if n := u.volumes(); n != want {
		u.t.Errorf("%d volumes, want %d", n, want)
	}
}

func (u *user) checkNothingLeft() {
	u.t.Helper()
	u.checkNoContainers()
	u.checkVolumes(0)
}

// output runs a command that must succeed and returns its standard output.
func output(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, stdout, &stderr)
	}
	return string(stdout)
}

// dockerRun runs a container as a person would, with docker run.
func dockerRun(t testing.TB, args ...string) {
	t.Helper()
	output(t, exec.CommandContext(t.Context(), "docker", append([]string{"run"}, args...)...))
}

// exitCode is -1 for a command that was killed or did not start.
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

func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !done() {
		if ctx.Err() != nil {
			t.Fatal("it did not happen within 30 s")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// listen takes a port of this machine until the test ends.
func listen(t testing.TB, port int) {
	t.Helper()
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
}

// photo is the path of a photo with one face.
func photo(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "photos", "astronaut.png"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func photoData(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(photo(t))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// copies writes so many copies of a photo into a directory, and returns their
// names.
func copies(t testing.TB, dir string, photo []byte, count int) (names []string) {
	t.Helper()
	for i := range count {
		name := fmt.Sprintf("photo-%05d.png", i)
		if err := os.WriteFile(filepath.Join(dir, name), photo, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// newLite is a loaded built-in engine in this process. It keeps its files
// below dir, in directories that end in the name.
func newLite(dir, name string) (*lite.Engine, error) {
	engine, err := lite.New(lite.Config{
		UploadDir: filepath.Join(dir, "uploads-"+name),
		OutputDir: filepath.Join(dir, "processed-"+name),
		Version:   "v0.0.0-" + name,
	})
	if err != nil {
		return nil, err
	}
	return engine, engine.Load()
}
