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
	"testing"
)

// ordinary is an account without rights that every distribution has, and a
// group of the same name.
const ordinary = "games"

// ownUsers runs what follows it in a network of its own, with subordinate users
// of its own for the ordinary account. ($0 is their file: subuid(5))
const ownUsers = `mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && ip link set lo up && exec "$@"`

// NewRemappingDaemon starts a daemon in a network of its own whose containers
// have other users than the machine. (dockerd --userns-remap)
func NewRemappingDaemon(t testing.TB) *Daemon {
	t.Helper()
	d := newDaemon(t, nil)
	d.command = []string{"unshare", "--net", "--mount", "sh", "-c", ownUsers, d.subordinates(t), "dockerd"}
	d.flags = append(d.flags, "--userns-remap", ordinary)
	if err := os.Chmod(d.Dir, 0o711); err != nil { // its containers' root is nobody here
		t.Fatal(err)
	}
	d.Start(t)
	return d
}

// NewRootlessDaemon starts a rootless daemon in a network of its own, as the
// ordinary account, which owns its directory. Owner is that account.
func NewRootlessDaemon(t testing.TB) (d *Daemon, owner uint32) {
	t.Helper()
	script, err := rootlessScript()
	for _, program := range []string{"rootlesskit", "newuidmap", "slirp4netns", "setpriv"} {
		if err == nil {
			_, err = exec.LookPath(program)
		}
	}
	Need(t, err, "rootless Docker")
	account, err := user.Lookup(ordinary)
	if err != nil {
		Need(t, err, "an account without rights")
	}
	uid, errUID := strconv.Atoi(account.Uid)
	gid, errGID := strconv.Atoi(account.Gid)
	if err := errors.Join(errUID, errGID); err != nil {
		t.Fatal(err)
	}
	d = newDaemon(t, nil)
	d.command = append([]string{"unshare", "--net", "--mount", "sh", "-c", ownUsers, d.subordinates(t)}, asOrdinary("sh", script)...)
	d.environ = append(d.environ, "HOME="+d.Dir, "XDG_RUNTIME_DIR="+d.Dir)
	for _, path := range []string{d.Dir, d.at("daemon.json")} {
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	d.Start(t)
	return d, uint32(uid)
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

func (d *Daemon) subordinates(t testing.TB) string {
	t.Helper()
	file := d.at("subordinates")
	if err := os.WriteFile(file, []byte(ordinary+":200000:65536\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// rootlessScript is what starts a rootless daemon: on the path with Docker's own
// packages, elsewhere with Debian's.
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
