package dockertest

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// Daemon is a separate Docker daemon for a test, independent of the machine's.
// It needs root. When the test ends it is removed, with everything that it ran.
type Daemon struct {
	Host string // for DOCKER_HOST
	Dir  string // holds all its files
	Data string // where it stores images and volumes

	command []string
	environ []string
	end     syscall.Signal // stops it
	process *exec.Cmd      // nil once killed
}

// daemonTimeout is how long a daemon may take to respond.
const daemonTimeout = 30 * time.Second

// ownNetwork runs a daemon in its own network namespace, which only commands
// made by In can reach. --bridge=none requires that: it makes a daemon delete
// docker0, which would belong to the machine's daemon. (moby,
// daemon/daemon_unix.go, removeDefaultBridgeInterface)
func ownNetwork(daemon []string) []string {
	return append([]string{"unshare", "--net", "sh", "-c", `ip link set lo up && exec "$0" "$@"`}, daemon...)
}

// NewMortalDaemon starts a daemon that can be killed. It has no network, so no
// server in it can be reached.
func NewMortalDaemon(t testing.TB) *Daemon {
	t.Helper()
	d := newDaemon(t)
	d.command = ownNetwork(d.dockerd("--bridge=none", "--iptables=false", "--ip-forward=false"))
	d.Start(t)
	return d
}

// NewNetworkedDaemon starts a daemon in its own network namespace.
func NewNetworkedDaemon(t testing.TB) *Daemon {
	t.Helper()
	d := newDaemon(t)
	d.command = ownNetwork(d.dockerd())
	d.Start(t)
	return d
}

// NewSmallDaemon starts a daemon whose data is on a file system of size bytes,
// with additional arguments. It shares the machine's network.
func NewSmallDaemon(t testing.TB, size int64, args ...string) *Daemon {
	t.Helper()
	needDaemon(t, "mkfs.ext4", "mount")
	disk, link := smallDisk(t, size), bridge(t)
	d := newDaemon(t)
	d.Data = disk
	name := filepath.Base(d.Dir)
	d.command = append(d.dockerd("--bridge", link, "--iptables=false", "--ip-masq=false", "--ip-forward=false",
		"--containerd-namespace", name, "--containerd-plugins-namespace", name+"-plugins"), args...)
	d.Start(t)
	return d
}

// needDaemon skips the test if a second daemon cannot be started.
func needDaemon(t testing.TB, programs ...string) {
	t.Helper()
	var err error
	if os.Getuid() != 0 {
		err = os.ErrPermission
	}
	for _, program := range append(programs, "dockerd", "unshare", "nsenter", "ip", "umount") {
		if err == nil {
			_, err = exec.LookPath(program)
		}
	}
	Need(t, err, "a second daemon")
}

// newDaemon prepares a daemon without a command.
func newDaemon(t testing.TB) *Daemon {
	t.Helper()
	needDaemon(t)
	dir, err := os.MkdirTemp("", "fc") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{Dir: dir, Host: "unix://" + filepath.Join(dir, "sock"), Data: filepath.Join(dir, "data"),
		environ: os.Environ(), end: syscall.SIGTERM}
	// Do not use the machine's configuration.
	if err := os.WriteFile(d.at("daemon.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.remove(t) })
	return d
}

// dockerd returns the daemon's command.
func (d *Daemon) dockerd(args ...string) []string {
	return append([]string{"dockerd", "--config-file", d.at("daemon.json"), "--data-root", d.Data,
		"--exec-root", d.at("exec"), "--pidfile", d.at("pid"), "--host", d.Host}, args...)
}

func (d *Daemon) at(name string) string { return filepath.Join(d.Dir, name) }

// Environ makes a program use this daemon, without the machine's logins and
// contexts.
func (d *Daemon) Environ() []string {
	return []string{"DOCKER_HOST=" + d.Host, "DOCKER_CONFIG=" + d.Dir, "HOME=" + d.Dir}
}

// In returns a command that runs in the daemon's network and talks to the
// daemon.
func (d *Daemon) In(ctx context.Context, name string, args ...string) *exec.Cmd {
	network := fmt.Sprintf("--net=/proc/%d/ns/net", d.process.Process.Pid)
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{network, name}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+d.Host)
	return cmd
}

// Start starts the daemon, also after Kill, and waits until it responds.
func (d *Daemon) Start(t testing.TB) {
	t.Helper()
	// A killed daemon's PID file would be mistaken for a running one.
	os.Remove(d.at("pid"))
	os.Remove(d.at(containerdPID))
	log, err := os.Create(d.at("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.process = exec.Command(d.command[0], d.command[1:]...)
	d.process.Stdout, d.process.Stderr, d.process.Env = log, log, d.environ
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	docker := d.Client(t)
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), daemonTimeout)
	defer cancel()
	for {
		if _, err = docker.Ping(ctx); err == nil {
			return
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(d.at("log"))
			t.Fatalf("the second daemon did not start: %v\n%s", err, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// containerdPID is the PID file of the containerd that the daemon started.
const containerdPID = "exec/containerd/containerd.pid"

// Kill ends the daemon like a crash: its containers keep running.
func (d *Daemon) Kill() {
	_ = d.process.Process.Kill()
	_ = d.process.Wait()
	d.process = nil
	text, err := os.ReadFile(d.at(containerdPID))
	if err != nil {
		return
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		if containerd, err := os.FindProcess(pid); err == nil {
			_ = containerd.Kill()
		}
	}
}

// remove removes everything. Restarting a killed daemon stops the containers it
// left running.
func (d *Daemon) remove(t testing.TB) {
	if d.process == nil {
		d.Start(t)
	}
	docker := d.Client(t)
	defer docker.Close()
	removeContainers(t, docker, func(container.Summary) bool { return true })
	_ = d.process.Process.Signal(d.end) // Wait below waits for its exit
	_ = d.process.Wait()
	// Each start mounts the daemon's root on itself; a killed daemon leaves the
	// mount.
	for exec.Command("umount", d.at("data")).Run() == nil {
	}
	networks, _ := filepath.Glob(d.at("exec/netns/*"))
	for _, network := range networks {
		_ = exec.Command("umount", network).Run() // if it did not unmount them itself
	}
	if err := os.RemoveAll(d.Dir); err != nil {
		t.Errorf("remove the second daemon's files: %v", err)
	}
}

// Client returns a client for the daemon.
func (d *Daemon) Client(t testing.TB) *client.Client {
	t.Helper()
	docker, err := client.NewClientWithOpts(client.WithHost(d.Host), client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	return docker
}

// smallDisk mounts a new file system of size bytes.
func smallDisk(t testing.TB, size int64) string {
	t.Helper()
	dir := t.TempDir()
	disk, mountPoint := filepath.Join(dir, "disk"), filepath.Join(dir, "data")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(disk, size); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(mountPoint, 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "mkfs.ext4", "-q", "-m", "0", disk)
	output, err := exec.Command("mount", "-o", "loop", disk, mountPoint).CombinedOutput()
	if err != nil {
		Need(t, fmt.Errorf("mount: %w: %s", err, output), "a loop device")
	}
	t.Cleanup(func() { command(t, "umount", mountPoint) })
	return mountPoint
}

func command(t testing.TB, name string, args ...string) {
	t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
}

// bridge creates a network bridge for a daemon that shares the machine's
// network.
func bridge(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("fc%08x", rand.Uint32())
	command(t, "ip", "link", "add", name, "type", "bridge")
	t.Cleanup(func() { command(t, "ip", "link", "delete", name) })
	// An address reserved for documentation (RFC 5737), which nothing else
	// uses.
	command(t, "ip", "address", "add", "198.51.100.1/24", "dev", name)
	return name
}

// SmallFileSystem mounts a file system of size bytes that needs no disk.
func SmallFileSystem(t testing.TB, size int64) string {
	t.Helper()
	dir := t.TempDir()
	output, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput()
	if err != nil {
		Need(t, fmt.Errorf("mount: %w: %s", err, output), "a small file system")
	}
	t.Cleanup(func() { command(t, "umount", dir) })
	return dir
}
