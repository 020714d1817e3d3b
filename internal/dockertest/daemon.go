package dockertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/engine"
)

// SmallDaemon is a Docker daemon of the test's own whose data lies on a file
// system of that many bytes, started with these further arguments. Environ is
// what makes a program use it.
func SmallDaemon(t testing.TB, size int64, args ...string) (docker *engine.Engine, environ []string, data string) {
	t.Helper()
	Need(t, mayMount(), "a second daemon on a small disk")
	data = smallDisk(t, size)
	dir, err := os.MkdirTemp("", "fc") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	environ = []string{"DOCKER_HOST=unix://" + filepath.Join(dir, "docker.sock"), "DOCKER_CONFIG=" + dir, "HOME=" + dir}
	startDaemon(t, dir, data, append(args, "--host", strings.TrimPrefix(environ[0], "DOCKER_HOST=")))
	env := environment()
	env.Getenv = func(name string) string {
		for _, setting := range environ {
			if value, ok := strings.CutPrefix(setting, name+"="); ok {
				return value
			}
		}
		return ""
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		docker, err = engine.Connect(t.Context(), env)
		if err == nil {
			t.Cleanup(func() { docker.Close() })
			return docker, environ, data
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("the second daemon does not come up: %v\n%s", err, log)
		}
	}
}

func mayMount() error {
	if os.Getuid() != 0 {
		return errors.New("only root can mount one")
	}
	for _, program := range []string{"dockerd", "mkfs.ext4", "mount", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// smallDisk mounts a new file system of that many bytes.
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

// bridge is a network bridge of the second daemon's own. Never use
// --bridge=none instead: it deletes docker0, the machine's daemon's. (moby,
// daemon/daemon_unix.go, removeDefaultBridgeInterface)
func bridge(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("fc%08x", rand.Uint32())
	command(t, "ip", "link", "add", name, "type", "bridge")
	t.Cleanup(func() { command(t, "ip", "link", "delete", name) })
	// An address for documentation (RFC 5737), which nothing else uses.
	command(t, "ip", "address", "add", "198.51.100.1/24", "dev", name)
	return name
}

// startDaemon runs dockerd beside the machine's own, with nothing in common
// with it: a bridge of its own, no firewall rules, names of its own in
// containerd.
func startDaemon(t testing.TB, dir, data string, args []string) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	config := filepath.Join(dir, "daemon.json") // the machine's own is not for this one
	if err := os.WriteFile(config, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command("dockerd", append(args, "--config-file", config,
		"--data-root", data, "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge", bridge(t), "--iptables=false", "--ip-masq=false", "--ip-forward=false",
		"--containerd-namespace", filepath.Base(dir), "--containerd-plugins-namespace", filepath.Base(dir)+"-plugins")...)
	daemon.Stdout, daemon.Stderr = log, log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM) // its exit is what is waited for
		_ = daemon.Wait()
	})
}
