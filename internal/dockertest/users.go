package dockertest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"testing"
)

// ordinary is an unprivileged account that every distribution has, with a group
// of the same name.
const ordinary = "games"

// ownUsers runs a daemon in its own network namespace, with its own subordinate
// users for the ordinary account (subuid(5)).
func (d *Daemon) ownUsers(t testing.TB, daemon []string) []string {
	t.Helper()
	file := d.at("subordinates")
	if err := os.WriteFile(file, []byte(ordinary+":200000:65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The network of a rootless engine needs a device that udev gives to everyone,
	// and a machine without udev may not.
	const script = `set -e
mount --bind "$0" /etc/subuid
mount --bind "$0" /etc/subgid
ip link set lo up
setpriv --reuid ` + ordinary + ` --clear-groups test -w /dev/net/tun || {
	mount -t tmpfs tmpfs /dev/net
	mknod -m 666 /dev/net/tun c 10 200
}
exec "$@"`
	return append([]string{"unshare", "--net", "--mount", "sh", "-c", script, file}, daemon...)
}

// NewRemappingDaemon starts a daemon in its own network namespace that remaps
// container users. (dockerd --userns-remap)
func NewRemappingDaemon(t testing.TB) *Daemon {
	t.Helper()
	d := newDaemon(t)
	d.command = d.ownUsers(t, d.dockerd("--userns-remap", ordinary))
	if err := os.Chmod(d.Dir, 0o711); err != nil { // its containers' root is unprivileged here
		t.Fatal(err)
	}
	d.Start(t)
	return d
}

// NewRootlessDaemon starts a rootless daemon in its own network namespace as
// the ordinary account, which owns its directory. owner is that account's uid.
func NewRootlessDaemon(t testing.TB) (d *Daemon, owner uint32) {
	t.Helper()
	script, err := rootlessScript()
	Need(t, err, "rootless Docker")
	needDaemon(t, "rootlesskit", "newuidmap", "slirp4netns", "setpriv")
	d = newDaemon(t)
	d.command = d.ownUsers(t, append(asOrdinary("sh", script), d.dockerd()[1:]...))
	owner = d.giveToOrdinary(t)
	d.Start(t)
	return d, owner
}

// NewRootlessPodman is like NewRootlessDaemon, but with Podman.
func NewRootlessPodman(t testing.TB) (d *Daemon, owner uint32) {
	t.Helper()
	needDaemon(t, "podman", "runc", "catatonit", "newuidmap", "slirp4netns", "setpriv")
	d = newDaemon(t)
	// What works on every machine, as in scripts/podman.sh.
	config := `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`
	for name, text := range map[string]string{"containers.conf": config, "registries.conf": ""} {
		if err := os.WriteFile(d.at(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.environ = append(d.environ, "CONTAINERS_CONF="+d.at("containers.conf"),
		"CONTAINERS_REGISTRIES_CONF="+d.at("registries.conf"))
	// It leaves a process behind that holds the user namespace and must be
	// stopped too: it ends with the shell, which is PID 1. A process that
	// changes its user loses the parent-death signal. (prctl(2),
	// PR_SET_PDEATHSIG)
	podman := asOrdinary("podman", "--root", d.Data, "--runroot", d.at("run"), "system", "service", "--time=0", d.Host)
	d.command = d.ownUsers(t,
		append([]string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", `"$@"; exit $?`, "sh"},
			podman...))
	d.end = syscall.SIGKILL // unshare --fork ignores other signals
	owner = d.giveToOrdinary(t)
	d.Start(t)
	return d, owner
}

// giveToOrdinary makes the daemon's directory the ordinary account's home.
func (d *Daemon) giveToOrdinary(t testing.TB) (owner uint32) {
	t.Helper()
	account, err := user.Lookup(ordinary)
	Need(t, err, "an unprivileged account")
	uid, errUID := strconv.Atoi(account.Uid)
	gid, errGID := strconv.Atoi(account.Gid)
	if err := errors.Join(errUID, errGID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.Dir, d.at("daemon.json")} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	d.environ = append(d.environ, "HOME="+d.Dir, "XDG_RUNTIME_DIR="+d.Dir)
	return uint32(uid)
}

// InAsOrdinary is In for the ordinary account.
func (d *Daemon) InAsOrdinary(ctx context.Context, name string, args ...string) *exec.Cmd {
	command := asOrdinary(name, args...)
	cmd := d.In(ctx, command[0], command[1:]...)
	cmd.Env = append(cmd.Env, d.Environ()...)
	return cmd
}

func asOrdinary(name string, args ...string) []string {
	return append([]string{"setpriv", "--reuid", ordinary, "--regid", ordinary, "--clear-groups", name}, args...)
}

// rootlessScript finds the script that starts a rootless daemon: on the PATH
// with Docker's packages, elsewhere with Debian's.
func rootlessScript() (string, error) {
	const name, debian = "dockerd-rootless.sh", "/usr/share/docker.io/contrib/dockerd-rootless.sh"
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	if _, err := os.Stat(debian); err != nil {
		return "", fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return debian, nil
}
