package dockertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// MortalDaemon is a Docker daemon of the test's own, to be killed.
type MortalDaemon struct {
	Host    string // for DOCKER_HOST
	dir     string
	flags   []string
	process *exec.Cmd
}

// daemonPatience is how long a daemon may take to answer.
const daemonPatience = 30 * time.Second

// NewMortalDaemon starts a daemon, which needs root. It has no network, so that
// no server in it is ever reached. When the test ends it is gone, with all that
// it ran.
func NewMortalDaemon(t *testing.T) *MortalDaemon {
	t.Helper()
	return newMortalDaemon(t, "--bridge=none", "--iptables=false", "--ip-forward=false")
}

// NewNetworkedDaemon starts a daemon in a network of its own, which only
// commands made by In can reach.
func NewNetworkedDaemon(t *testing.T) *MortalDaemon {
	t.Helper()
	return newMortalDaemon(t)
}

// In is a command in the daemon's network, for which the daemon is the one to
// speak to.
func (d *MortalDaemon) In(ctx context.Context, name string, args ...string) *exec.Cmd {
	network := fmt.Sprintf("--net=/proc/%d/ns/net", d.process.Process.Pid)
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{network, name}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+d.Host)
	return cmd
}

func newMortalDaemon(t *testing.T, flags ...string) *MortalDaemon {
	t.Helper()
	var err error
	if os.Getuid() != 0 {
		err = os.ErrPermission
	}
	for _, program := range []string{"dockerd", "unshare", "nsenter", "ip", "umount"} {
		if err == nil {
			_, err = exec.LookPath(program)
		}
	}
	Need(t, err, "a second daemon")
	dir, err := os.MkdirTemp("", "fc") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "daemon.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &MortalDaemon{Host: "unix://" + filepath.Join(dir, "sock"), dir: dir, flags: flags}
	t.Cleanup(func() { d.remove(t) })
	d.Start(t)
	return d
}

// Start starts the daemon, again after Kill, and waits until it answers. It
// lives in a network of its own: with --bridge=none a daemon deletes docker0,
// which here would be the machine's daemon's. (moby, daemon/daemon_unix.go,
// removeDefaultBridgeInterface)
func (d *MortalDaemon) Start(t testing.TB) {
	t.Helper()
	at := func(name string) string { return filepath.Join(d.dir, name) }
	// What a killed one left would be taken for one that runs.
	os.Remove(at("pid"))
	os.Remove(at(containerdPID))
	log, err := os.Create(at("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.process = exec.Command("unshare", append([]string{"--net", "sh", "-c", `ip link set lo up && exec dockerd "$@"`, "dockerd",
		"--config-file", at("daemon.json"), "--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "--host", d.Host},
		d.flags...)...)
	d.process.Stdout, d.process.Stderr = log, log
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	docker := d.Client(t)
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), daemonPatience)
	defer cancel()
	for {
		if _, err = docker.Ping(ctx); err == nil {
			return
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(at("log"))
			t.Fatalf("the second daemon does not come up: %v\n%s", err, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// containerdPID is where the daemon notes the containerd that it started.
const containerdPID = "exec/containerd/containerd.pid"

// Kill ends the daemon as a crash would: its containers run on.
func (d *MortalDaemon) Kill() {
	_ = d.process.Process.Kill()
	_ = d.process.Wait()
	text, err := os.ReadFile(filepath.Join(d.dir, containerdPID))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		if containerd, err := os.FindProcess(pid); err == nil {
			_ = containerd.Kill()
		}
	}
}

// remove takes everything away: a daemon that starts anew ends the containers
// that a killed one left.
func (d *MortalDaemon) remove(t *testing.T) {
	d.Kill()
	d.Start(t)
	docker := d.Client(t)
	defer docker.Close()
	containers, err := docker.ContainerList(context.Background(), container.ListOptions{All: true})
	if err != nil {
		t.Errorf("list the second daemon's containers: %v", err)
	}
	for _, c := range containers {
		if err := docker.ContainerRemove(context.Background(), c.ID, container.RemoveOptions{Force: true}); err != nil {
			t.Errorf("remove the second daemon's container: %v", err)
		}
	}
	_ = d.process.Process.Signal(syscall.SIGTERM)
	_ = d.process.Wait()
	// Each start mounts the daemon's root on itself; a killed one leaves that.
	for exec.Command("umount", filepath.Join(d.dir, "data")).Run() == nil {
	}
	networks, _ := filepath.Glob(filepath.Join(d.dir, "exec", "netns", "*"))
	for _, network := range networks {
		_ = exec.Command("umount", network).Run() // those that it did not close itself
	}
	if err := os.RemoveAll(d.dir); err != nil {
		t.Errorf("remove the second daemon's files: %v", err)
	}
}

// Client speaks with the daemon.
func (d *MortalDaemon) Client(t testing.TB) *client.Client {
	t.Helper()
	docker, err := client.NewClientWithOpts(client.WithHost(d.Host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	return docker
}
