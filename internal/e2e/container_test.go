package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
)

// fails runs a command that has to end with the code and to say all of want.
func (u *user) fails(code int, want []string, args ...string) string {
	u.t.Helper()
	output, err := u.command(args...).CombinedOutput()
	if exitCode(err) != code {
		u.t.Errorf("facecraft %s: exit code %d, want %d\n%s", strings.Join(args, " "), exitCode(err), code, output)
	}
	for _, text := range want {
		if !strings.Contains(string(output), text) {
			u.t.Errorf("facecraft %s does not say %q:\n%s", strings.Join(args, " "), text, output)
		}
	}
	return string(output)
}

// TestPostMortem recognises what servers are known to die of, and keeps the
// container.
func TestPostMortem(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("says")
	for _, tt := range []struct{ log, known, fix string }{
		{"RuntimeError: cannot cache function '_estimate': no locator available for file '/x.py'", "numba", "NUMBA_CACHE_DIR"},
		{"RuntimeError: CUDA error: no kernel image is available for execution on the device", "no code for this GPU", "--tag cpu"},
		{"RuntimeError: The NVIDIA driver on your system is too old (found version 11040).", "older than the image's CUDA", "update"},
		{"PermissionError: [Errno 13] Permission denied: '/app/uploads'", "cannot write to its files", "--fix-permissions"},
		{"PermissionError: [Errno 13] Permission denied: '/home/appuser/.u2net'", "a file in the image", "check --image"},
		{"OSError: [Errno 28] No space left on device", "disk", "docker system df"},
		{`Downloading: "https://github.com/x/detection.pth" to /home/appuser`, "downloads a model", "internet"},
		{"urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>", "no internet access", "internet"},
		{"something new", "", "facecraft logs"},
	} {
		output := u.fails(6, []string{"the server died before it was ready", "exit code 1", tt.log, tt.known, "fix: ", tt.fix},
			"up", "--image", image, "--env", "SAYS=\x1b[31m"+tt.log+"\x1b[0m")
		if strings.Contains(output, "\x1b") {
			t.Errorf("the log moves the terminal: %q", output)
		}
		if list := u.containers(); len(list) != 1 || list[0].State != "exited" {
			t.Errorf("containers %+v", list)
		}
	}
	killed := u.fails(6, []string{"exit code 137, SIGKILL", "probably killed: out of memory", "its limit is 6 GiB, Docker has"},
		"up", "--image", u.stub("kills"))
	killed += u.fails(0, []string{"exit code 137, SIGKILL", "probably killed: out of memory", "fix "}, "status")
	if strings.Contains(killed, "photos") {
		t.Errorf("it died while it loaded, and no photo is to blame:\n%s", killed)
	}
	none := dockertest.Load(t, u.docker, dockertest.ImageOf(t))
	u.fails(3, []string{"the image has no command to run", "fix: check --image"}, "up", "--image", none, "--recreate")
	u.fails(6, []string{"was not ready after 400ms: its models are not loaded", "facecraft logs -f"},
		"up", "--image", u.stub("unready"), "--timeout", "400ms")
}

// TestBusyServer is one whose event loop is taken by a photo: slow, and not
// dead.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--image", u.stub("busy", "7s"))
}

// TestShortcomings are told beside success: to people, and as JSON.
func TestShortcomings(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	reference := u.stub("cpu")
	cmd := u.command("up", "--json", "--image", reference)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	const want = "the model face_enhancer is not loaded: portraits will not be enhanced"
	if !strings.Contains(stderr.String(), "warning: "+want) {
		t.Errorf("no warning in\n%s", &stderr)
	}
	var report struct {
		Ready, Started bool
		Warnings       []string
		API            struct{ Device struct{ Type string } }
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	if !report.Ready || !report.Started || !slices.Equal(report.Warnings, []string{want}) || report.API.Device.Type != "cpu" {
		t.Errorf("report %+v", report)
	}
	if status := u.run("status", "--json"); !strings.Contains(status, want) {
		t.Errorf("status says %s", status)
	}
}

// TestPortOwners are named: containers, and processes of this machine.
func TestPortOwners(t *testing.T) {
	t.Parallel()
	first, second := newUser(t), newUser(t)
	first.run("up", "--lite")
	second.port = first.port
	second.fails(1, []string{"is taken by the container " + first.instance, "fix: docker stop " + first.instance}, "up", "--lite")

	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", dockertest.FreePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	second.port = listener.Addr().(*net.TCPAddr).Port
	want := "another program"
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		want = fmt.Sprintf("(process %d)", os.Getpid())
	}
	second.fails(1, []string{want}, "up", "--lite")
}

// TestPortRace loses the port between look and start: the look sees no IPv6,
// so that the daemon is the first to find out.
func TestPortRace(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it publishes on ::1")
	listener, err := net.Listen("tcp6", "[::1]:8000")
	if err != nil {
		t.Skipf("needs port 8000 of ::1: %v", err)
	}
	defer listener.Close()
	// The second loses the port of the first one's server, too.
	for i, u := range []*user{u, newUser(t)} {
		cmd := u.command("up", "--lite", "--listen", "::1", "--replicas", strconv.Itoa(i+1))
		cmd.Env = append(cmd.Env, "FACECRAFT_CLI_PORT=")
		output, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "port 8000 was taken in the meantime") {
			t.Fatalf("%v\n%s", err, output)
		}
		list := u.containers()
		if len(list) != i+1 || slices.ContainsFunc(list, func(c container.Summary) bool { return c.State != "running" }) {
			t.Errorf("containers %+v", list)
		}
	}
}

// TestData puts the server's files where they were asked for, as the caller's.
func TestData(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("needs root, to be several callers")
	}
	photo, err := filepath.Abs("testdata/photos/astronaut.png")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env   []string
		owner string
	}{
		"root":              {nil, "1000"},
		"sudo by the first": {[]string{"SUDO_UID=1000", "SUDO_GID=1000"}, "1000"},
		"sudo by another":   {[]string{"SUDO_UID=1234", "SUDO_GID=1234"}, "1234"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t)
			if err := os.Chmod(u.dir, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := u.command("process", photo, "--lite", "--data", "faces/here", "-o", "out.png")
			cmd.Env = append(cmd.Env, tt.env...)
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			for _, dir := range []string{"faces", "faces/here/uploads", "faces/here/processed"} {
				output, err := exec.CommandContext(t.Context(), "stat", "--format=%u", filepath.Join(u.dir, dir)).Output()
				if err != nil {
					t.Fatal(err)
				}
				if uid := strings.TrimSpace(string(output)); uid != tt.owner {
					t.Errorf("%s belongs to %s, want %s", dir, uid, tt.owner)
				}
			}
			if n := u.volumes(); n != 0 {
				t.Errorf("%d volumes beside the directory", n)
			}
		})
	}
}

// TestFixPermissions finds foreign content before a server starts, explains
// it, and mends it when told to.
func TestFixPermissions(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	name := u.instance + "_uploads"
	if _, err := u.docker.VolumeCreate(t.Context(), volume.CreateOptions{Name: name}); err != nil {
		t.Fatal(err)
	}
	u.fill(name)
	u.fails(6, []string{"cannot write to its files", "the volume " + name + ": owned by 0:0", "fix: run facecraft up --fix-permissions with the same flags to change their owner"},
		"up", "--lite")
	if n := len(u.containers()); n != 0 {
		t.Errorf("%d containers left behind", n)
	}
	u.fails(4, []string{"nobody is here to agree", "--yes"}, "up", "--lite", "--fix-permissions")
	u.run("up", "--lite", "--fix-permissions", "--yes")
	before := u.containers()[0].ID
	u.run("up", "--lite", "--fix-permissions") // nothing to ask about, nothing to replace
	if after := u.containers(); len(after) != 1 || after[0].ID != before {
		t.Errorf("a server without trouble was replaced: %+v", after)
	}
}

// fill has root write a file into a volume: an empty one would be given to the
// image's user by the daemon.
func (u *user) fill(volume string) {
	u.t.Helper()
	args := []string{"run", "--rm", "--user", "0:0", "--volume", volume + ":/elsewhere", u.stub("leaves", "/elsewhere")}
	if output, err := exec.CommandContext(u.t.Context(), "docker", args...).CombinedOutput(); err != nil {
		u.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

// TestSecrets reach the container and nothing else.
func TestSecrets(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	const inherited, filed = "sesame-of-the-environment", "sesame-of-the-file"
	file := filepath.Join(u.dir, "secrets.env")
	if err := os.WriteFile(file, []byte("# a comment\n\nFILED="+filed+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	given := []string{"--lite", "--env", "INHERITED", "--env-file", file, "--env", "OPEN=a,b=c"}
	var seen bytes.Buffer
	for _, args := range [][]string{
		append([]string{"up"}, given...),
		append([]string{"plan"}, given...),
		append([]string{"plan", "--format", "docker-run"}, given...),
		append([]string{"compose"}, given...),
		append([]string{"compose", "--target", "kubernetes"}, given...),
		{"status"}, {"logs"},
	} {
		cmd := u.command(args...)
		cmd.Env = append(cmd.Env, "INHERITED="+inherited)
		cmd.Stdout, cmd.Stderr = &seen, &seen
		lines := commandLines(t, cmd)
		if !strings.Contains(lines, cmd.Path+"\x00"+args[0]) {
			t.Errorf("facecraft %s is not in the list of processes", args[0])
		}
		seen.WriteString(lines)
	}
	c, err := u.docker.ContainerInspect(t.Context(), u.containers()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"INHERITED=" + inherited, "FILED=" + filed, "OPEN=a,b=c"} {
		if !slices.Contains(c.Config.Env, want) {
			t.Errorf("%s is not in %q", want, c.Config.Env)
		}
	}
	fmt.Fprint(&seen, c.Config.Labels)
	for _, secret := range []string{inherited, filed} {
		if strings.Contains(seen.String(), secret) {
			t.Errorf("%s can be seen:\n%s", secret, &seen)
		}
	}
	u.fails(2, []string{`the variable "NOWHERE" of this environment is empty`}, "up", "--env", "NOWHERE")
	if err := os.WriteFile(file, []byte("KEY=-----BEGIN\n"+filed+"/+==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output := u.fails(2, []string{"line 2 of " + file + " does not set a variable"}, "plan", "--lite", "--env-file", file); strings.Contains(output, filed) {
		t.Errorf("a line of the file can be seen:\n%s", output)
	}
}

// commandLines runs a command, which has to succeed, and gathers the command
// lines of all processes meanwhile, as everybody on the machine can.
func commandLines(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	// A quick one could end before it is come across in the list.
	own, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", cmd.Process.Pid))
	lines.Write(own)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil || len(files) == 0 {
			dockertest.Need(t, errors.New("no /proc"), "a list of processes")
		}
		for _, file := range files {
			line, _ := os.ReadFile(file) // it may have ended by now
			lines.Write(line)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, cmd.Stderr)
			}
			return lines.String()
		case <-time.After(time.Millisecond):
		}
	}
}

// TestChangedPlan is told, and never swapped in unasked.
func TestChangedPlan(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	before := u.containers()[0].ID
	u.fails(1, []string{"a server is already running at", "environment: none, not A", "fix: replace it: facecraft up --recreate"},
		"up", "--lite", "--env", "A=1")
	u.fails(2, []string{`no restart policy "bogus"`}, "up", "--lite", "--restart", "bogus")
	u.run("up", "--lite", "--env", "A=1", "--recreate")
	after := u.containers()
	if len(after) != 1 || after[0].ID == before {
		t.Errorf("containers %+v", after)
	}
	output, err := u.command("up", "--lite").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--recreate replaces it") || !strings.Contains(string(output), "environment: A") {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestChangedSecret is told without being shown.
func TestChangedSecret(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, step := range []struct {
		value string
		code  int
		says  string
	}{
		{"one", 0, "is ready"}, {"one", 0, "runs already"}, {"two", 1, "environment: SECRET has a different value"},
	} {
		cmd := u.command("up", "--lite", "--env", "SECRET")
		cmd.Env = append(cmd.Env, "SECRET="+step.value)
		output, err := cmd.CombinedOutput()
		if exitCode(err) != step.code || !strings.Contains(string(output), step.says) {
			t.Errorf("%s: %v\n%s", step.value, err, output)
		}
	}
}

// TestAmbientVariable has the value that the image sets anyway, and so is no
// difference.
func TestAmbientVariable(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, says := range []string{"is ready", "runs already"} {
		cmd := u.command("up", "--lite")
		cmd.Env = append(cmd.Env, "FACECRAFT_DEVICE=cpu")
		output, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(output), says) || strings.Contains(string(output), "differs") {
			t.Errorf("%v\n%s", err, output)
		}
	}
}

// TestMovedTag is a server whose image's tag means another image by now.
func TestMovedTag(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("old", "0s")
	u.run("up", "--image", image)
	u.run("pull", "--lite")
	for _, tags := range [][2]string{{image, image + "-kept"}, {dockertest.Lite(t).Reference(), image}} {
		if err := u.docker.ImageTag(t.Context(), tags[0], tags[1]); err != nil {
			t.Fatal(err)
		}
	}
	output, err := u.command("up", "--image", image, "--pull", "never").CombinedOutput()
	if err != nil || !strings.Contains(string(output), "runs already") {
		t.Errorf("%v\n%s", err, output)
	}
	u.run("down") // it has no tag by which the image's end would find it
}

// TestRemoteDaemon publishes ports on another machine, where this one must not
// look for servers. A proxy on an address that is not the loopback stands for it.
func TestRemoteDaemon(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	host := "tcp://" + u.proxy(outsideAddress(t))
	there := func(args ...string) *exec.Cmd {
		cmd := u.command(args...)
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+host)
		return cmd
	}
	for _, args := range [][]string{{"up", "--lite"}, {"open"}} {
		if output, err := there(args...).CombinedOutput(); exitCode(err) != 3 || !strings.Contains(string(output), "is on another machine") {
			t.Errorf("%s: %v\n%s", args[0], err, output)
		}
	}
	if output, err := there("status").CombinedOutput(); err != nil || !strings.Contains(string(output), "unknown: it is on another machine, "+host) {
		t.Errorf("status: %v\n%s", err, output)
	}
}

func outsideAddress(t *testing.T) net.IP {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && !network.IP.IsLoopback() {
			return network.IP
		}
	}
	t.Skip("needs an address that is not the loopback")
	return nil
}

// proxy gives the user's daemon a port at an address of this machine.
func (u *user) proxy(at net.IP) string {
	listener, err := net.Listen("tcp", net.JoinHostPort(at.String(), "0"))
	if err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			front, err := listener.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("unix", strings.TrimPrefix(u.docker.Endpoint.Host, "unix://"))
			if err != nil {
				front.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{front, back}, {back, front}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
				}()
			}
		}
	}()
	return listener.Addr().String()
}

// TestPaused is a server that somebody stopped for a while.
func TestPaused(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	id := u.containers()[0].ID
	if err := u.docker.ContainerPause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"up", "--lite"}, {"open"}} {
		u.fails(1, []string{"the server " + u.instance + " is paused", "fix: docker unpause " + u.instance}, args...)
	}
	if status := u.run("status"); !strings.Contains(status, "it is paused") {
		t.Errorf("status says %s", status)
	}
	if err := u.docker.ContainerUnpause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	u.run("up", "--lite")
}

// TestAllAddresses of IPv6 are reached by its loopback.
func TestAllAddresses(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it publishes on ::")
	if url := strings.TrimSpace(u.run("up", "--lite", "--listen", "::")); url != fmt.Sprintf("http://[::1]:%d", u.port) {
		t.Errorf("runs at %s", url)
	}
	if status := u.run("status"); !strings.Contains(status, ", open to others on ::") {
		t.Errorf("status says %s", status)
	}
	u.fails(1, []string{"this machine has no address 192.0.2.1 to listen on", "fix: "}, "up", "--lite", "--recreate", "--listen", "192.0.2.1")
}

// TestAdopt uses servers that a person started: recognised by their label, or
// by their schema. It belongs to the default instance, and starts nothing.
func TestAdopt(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	lite := dockertest.Lite(t)
	u.run("pull", "--lite")
	stub := u.stub("old", "0s")
	for what, image := range map[string]string{"label": lite.Reference(), "schema": stub} {
		t.Run(what, func(t *testing.T) {
			port := dockertest.FreePort(t)
			name := u.instance + "-" + what
			// The label has it taken away if the test is cut short.
			args := []string{"run", "--detach", "--tty", "--name", name, "--publish", fmt.Sprintf("127.0.0.1:%d:8000", port), image}
			if output, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", name).Run() })
			command := func(args ...string) *exec.Cmd {
				cmd := u.command(append(args, "--port", strconv.Itoa(port))...)
				cmd.Env = append(cmd.Env, "FACECRAFT_INSTANCE="+plan.DefaultInstance)
				return cmd
			}
			output, err := command("up", "--json", "--no-open").Output()
			var report struct {
				Name           string
				Other, Started bool
			}
			if jsonErr := json.Unmarshal(output, &report); err != nil || jsonErr != nil {
				t.Fatalf("%v %v: %s", err, jsonErr, output)
			}
			if report.Name != name || !report.Other || report.Started {
				t.Errorf("report %+v", report)
			}
			if what == "label" {
				if output, err := command("up", "--lite", "--no-open").CombinedOutput(); err != nil {
					t.Errorf("its own variant: %v\n%s", err, output)
				}
			}
			if err := u.docker.ContainerPause(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			output, err = command("up").CombinedOutput()
			if exitCode(err) != 1 || !strings.Contains(string(output), "is paused") {
				t.Errorf("while it is paused: %v\n%s", err, output)
			}
			if err := u.docker.ContainerUnpause(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			output, err = command("up", "--data", "faces").CombinedOutput()
			if exitCode(err) != 1 || !strings.Contains(string(output), "whose settings are not facecraft's") || !strings.Contains(string(output), "docker stop "+name) {
				t.Errorf("a flag for its container: %v\n%s", err, output)
			}
		})
	}
}

// TestPurge is not parallel: the lite image, which it removes, is all tests'.
func TestPurge(t *testing.T) {
	u := newUser(t)
	u.run("up", "--lite")
	u.fails(4, []string{"This will be permanently deleted", u.instance + "_uploads", "facecraft-lite:", "MB", "--yes"}, "down", "--purge")
	if len(u.containers()) != 1 {
		t.Error("the server is gone before anybody agreed")
	}
	// What another's container uses stays, and what is left of a pull goes.
	other := u.instance + "-other"
	used := u.instance + "_uploads"
	if output, err := exec.CommandContext(t.Context(), "docker", "run", "--detach", "--name", other, "--volume", used+":/its", u.stub("silent")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", other).Run() })
	img, err := mutate.Config(dockertest.ImageOf(t), v1.Config{Labels: map[string]string{"io.facecraft.partial": "djok/facecraft:cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	partial := dockertest.Load(t, u.docker, img)
	u.fails(0, []string{used, "kept: used by " + other, plan.ShortName(partial)}, "down", "--purge", "--yes")
	if u.volumes() != 1 {
		t.Errorf("%d volumes, want the one in use", u.volumes())
	}
	if _, err := u.docker.ImageInspect(t.Context(), partial); err == nil {
		t.Error("what is left of a pull is still here")
	}
	if err := u.docker.ContainerRemove(t.Context(), other, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	u.run("down", "--purge", "--yes")
	if n := len(u.containers()) + u.volumes(); n != 0 {
		t.Errorf("%d containers and volumes left behind", n)
	}
	if _, err := u.docker.ImageInspect(t.Context(), dockertest.Lite(t).Reference()); err == nil {
		t.Error("the lite image is still here")
	}
	u.run("down", "--purge") // nothing left to ask about
}

// TestRequestError shows the log line with the error of a running server.
func TestRequestError(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	photo, err := filepath.Abs("testdata/photos/astronaut.png")
	if err != nil {
		t.Fatal(err)
	}
	u.run("up", "--image", u.stub("stumbles"))
	u.fails(5, []string{"the server returned HTTP 500", "its log says: RuntimeError: the model is out of tune"}, "process", photo, "-o", "x.png")
}

// TestPullAlways says what it does where a server is running; the size of an
// image that is here is its own; how a server ended is said once.
func TestPullAlways(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("leaves")
	inspect, err := u.docker.ImageInspect(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	if p := u.run("plan", "--image", image); !strings.Contains(p, format.Size(inspect.Size)+" on disk") {
		t.Errorf("an image of %s:\n%s", format.Size(inspect.Size), p)
	}
	u.fails(6, nil, "up", "--image", image)
	status := u.run("status")
	if n := strings.Count(status, "Exited (0)"); n != 1 || !strings.Contains(status, "no: it is not running") || !strings.Contains(status, "exit code 0") {
		t.Errorf("said %d times:\n%s", n, status)
	}
	u.run("up", "--lite", "--recreate")
	const want = "warning: --pull always has no effect while a server is running; to switch to a newer image, run: facecraft up --recreate --pull always"
	u.fails(0, []string{want}, "up", "--pull", "always")
	if output := u.fails(0, nil, "up"); strings.Contains(output, want) {
		t.Errorf("said without --pull:\n%s", output)
	}
}

// TestPurgeLeavesOthers removes no image that the instance did not bring or use,
// and none that another instance did. It is not parallel, as the published name
// that it may have to give is everybody's.
func TestPurgeLeavesOthers(t *testing.T) {
	first, second, third := newUser(t), newUser(t), newUser(t)
	const published = "djok/facecraft:gpu"
	image := first.stub("silent")
	if _, err := first.docker.ImageInspect(t.Context(), published); err != nil {
		if err := first.docker.ImageTag(t.Context(), image, published); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = exec.Command("docker", "rmi", published).Run() })
	}
	third.fails(0, []string{"Nothing to remove"}, "down", "--purge") // and not --yes: it may be a real one

	for _, u := range []*user{first, second} {
		u.run("pull", "--image", image)
	}
	output := first.fails(0, []string{"kept: used by the instance " + second.instance}, "down", "--purge", "--yes")
	if strings.Contains(output, published) {
		t.Errorf("it is about the image of others:\n%s", output)
	}
	if _, err := first.docker.ImageInspect(t.Context(), image); err != nil {
		t.Error("the image of another instance is gone")
	}
	first.fails(0, []string{"Nothing to remove"}, "down", "--purge")
	output = second.fails(0, []string{plan.ShortName(image)}, "down", "--purge", "--yes")
	if _, err := first.docker.ImageInspect(t.Context(), image); err == nil {
		t.Errorf("the last one's image stays:\n%s", output)
	}
	second.fails(0, []string{"Nothing to remove"}, "down", "--purge")
}

// TestKillLauncher kills it with SIGKILL at fifty random moments. Each time
// the next up has to make a working server of what is left, and nothing more.
func TestKillLauncher(t *testing.T) {
	t.Parallel()
	const users, times = 5, 10
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var succeeded atomic.Int32
	var wg sync.WaitGroup
	for i := range users {
		u := newUser(t)
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		wg.Go(func() { succeeded.Add(int32(u.survive(random, times))) })
	}
	wg.Wait()
	t.Logf("%d of %d", succeeded.Load(), users*times)
	if succeeded.Load() != users*times {
		t.Errorf("an up after a kill failed")
	}
}

// survive kills an up so many times, and counts the ups after it that
// succeeded.
func (u *user) survive(random *rand.Rand, times int) (succeeded int) {
	up := []string{"up", "--lite", "--quiet"}
	_ = u.command("pull", "--lite", "--quiet").Run()
	begin := time.Now()
	_ = u.command(up...).Run()
	usual := time.Since(begin)
	for range times {
		_ = u.command("down", "--quiet").Run()
		cmd := u.command(up...)
		if err := cmd.Start(); err != nil {
			u.t.Error(err)
			return succeeded
		}
		time.Sleep(time.Duration(random.Int64N(int64(usual))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		output, err := u.command(up...).CombinedOutput()
		if list := u.containers(); err == nil && len(list) == 1 && list[0].State == "running" {
			succeeded++
		} else {
			u.t.Errorf("up after a kill: %v\n%s%d containers", err, output, len(list))
		}
	}
	_ = u.command("down", "--quiet").Run()
	if n := len(u.containers()); n != 0 {
		u.t.Errorf("%d containers left behind", n)
	}
	looks, err := u.docker.ContainerList(u.t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", plan.LabelHelper+"="+u.instance))})
	if err != nil || len(looks) != 0 {
		u.t.Errorf("%d helper containers left behind (%v)", len(looks), err)
	}
	if n := u.volumes(); n != 2 {
		u.t.Errorf("%d volumes, want the server's two", n)
	}
	return succeeded
}

// TestDaemonDies while a server is started, waited for and listened to. Each
// time it is told within seconds, and a daemon that comes back goes on.
func TestDaemonDies(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	daemon := dockertest.NewMortalDaemon(t)
	there := func(args ...string) *exec.Cmd {
		cmd := u.command(args...)
		cmd.Env = append(cmd.Env, "DOCKER_HOST="+daemon.Host)
		return cmd
	}
	for what, tt := range map[string]struct {
		args  []string
		after time.Duration
	}{
		"start": {[]string{"up", "--lite", "--recreate"}, 400 * time.Millisecond},
		"wait":  {[]string{"up", "--lite"}, 3 * time.Second},
		"logs":  {[]string{"logs", "--follow"}, time.Second},
	} {
		// A daemon without a network: the server is never reached.
		_ = there("up", "--lite", "--timeout", "10ms").Run()
		var output bytes.Buffer
		cmd := there(tt.args...)
		cmd.Stdout, cmd.Stderr = &output, &output
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(tt.after)
		daemon.Kill()
		begin := time.Now()
		err := cmd.Wait()
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: told after %s", what, took)
		}
		if code := exitCode(err); code == 0 || code == -1 || !strings.Contains(output.String(), "error: ") {
			t.Errorf("%s: exit code %d\n%s", what, code, &output)
		}
		daemon.Start(t)
		if output, err := there("down").CombinedOutput(); err != nil {
			t.Errorf("%s: down after it: %v\n%s", what, err, output)
		}
	}
}

// TestDocsWithoutInternet is a server whose own page would be blank: another is
// written from its schema, with its real port.
func TestDocsWithoutInternet(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--image", u.stub("old", "0s"))
	cmd := u.command("open")
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+u.dir, "HOME="+u.dir)
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(strings.TrimSpace(string(output)))
	if want := fmt.Sprintf("curl http://127.0.0.1:%d/health", u.port); err != nil || !strings.Contains(string(page), want) {
		t.Errorf("no %q in %q: %v\n%s", want, output, err, page)
	}
	u.run("up", "--lite", "--recreate")
	if page := strings.TrimSpace(u.run("open")); page != fmt.Sprintf("http://127.0.0.1:%d/docs", u.port) {
		t.Errorf("a page that needs nothing was replaced by %s", page)
	}
	u.run("down")
	u.fails(1, []string{"no server is running", "facecraft up"}, "open")
}
