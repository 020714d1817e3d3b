package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// elsewhere is a user with a daemon that maps the containers' users to others
// on the machine.
type elsewhere struct {
	t       *testing.T
	daemon  *dockertest.Daemon
	command func(args ...string) *exec.Cmd
	image   string // of a server that writes a file to each of its volumes
}

func newElsewhere(t *testing.T, daemon *dockertest.Daemon) *elsewhere {
	t.Helper()
	docker := daemon.Client(t)
	t.Cleanup(func() { docker.Close() })
	u := &elsewhere{t: t, daemon: daemon, image: dockertest.Stub(t, docker, "writes", "/app/uploads", "/app/processed")}
	u.command = func(args ...string) *exec.Cmd {
		return daemon.In(t.Context(), dockertest.Binary(t), args...)
	}
	return u
}

func (u *elsewhere) run(environ []string, args ...string) {
	u.t.Helper()
	cmd := u.command(args...)
	cmd.Env = append(cmd.Env, environ...)
	output(u.t, cmd)
}

// writes runs a server with a directory for its files, which must then belong
// to the owner, and one with volumes.
func (u *elsewhere) writes(environ []string, owner uint32) {
	u.t.Helper()
	data := filepath.Join(u.daemon.Dir, fmt.Sprint("data-of-", owner))
	u.run(environ, "up", "--no-open", "--image", u.image, "--data", data)
	u.run(environ, "down")
	for _, file := range []string{"uploads/written", "processed/written"} {
		info, err := os.Stat(filepath.Join(data, file))
		if err != nil {
			u.t.Error(err)
		} else if uid := info.Sys().(*syscall.Stat_t).Uid; uid != owner {
			u.t.Errorf("%s belongs to %d, want %d", file, uid, owner)
		}
	}
	u.run(environ, "up", "--no-open", "--image", u.image)
	u.run(environ, "down")
}

// TestRemappedUsers has a daemon with user namespaces.
func TestRemappedUsers(t *testing.T) {
	t.Parallel()
	u := newElsewhere(t, dockertest.NewRemappingDaemon(t))
	u.writes([]string{"SUDO_UID=1000", "SUDO_GID=1000"}, 1000) // the image's own number
	u.writes([]string{"SUDO_UID=1234", "SUDO_GID=1234"}, 1234)
	u.writes([]string{"SUDO_UID=0", "SUDO_GID=0"}, 1000) // root's own call
}

// TestRootless has daemons without privileges, where files belong to whoever
// runs the daemon.
func TestRootless(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) (*dockertest.Daemon, uint32){
		"Docker": dockertest.NewRootlessDaemon, "Podman": dockertest.NewRootlessPodman,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon, owner := start(t)
			u := newElsewhere(t, daemon)
			u.command = func(args ...string) *exec.Cmd {
				return daemon.InAsOrdinary(t.Context(), dockertest.Binary(t), args...)
			}
			u.writes(nil, owner)
		})
	}
}
