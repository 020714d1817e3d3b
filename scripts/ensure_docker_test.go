//go:build unix

package scripts_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dockerClient is a docker command that reaches the daemon if it is running, and
// only as root if the test says so. The curl stub does the same.
const dockerClient = `#!/bin/sh
[ -e "$STATE/up" ] && { [ ! -e "$STATE/root-only" ] || [ -n "${AS_ROOT:-}" ]; }
`

// newDockerHost is a machine with a root user where everything that could install
// or start Docker is a stub that records the call.
func newDockerHost(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, "sh", "env", "mktemp", "setsid", "timeout", "true")
	m.set("STATE", m.home)
	m.stub("id", "#!/bin/sh\n[ \"$1\" = -u ] && echo 0 || echo root\n")
	m.stub("uname", "#!/bin/sh\necho Linux\n")
	m.stub("systemctl", "#!/bin/sh\nexit 1\n")
	m.stub("service", notes("service", `: >"$STATE/up"`))
	m.stub("apt-get", notes("apt-get", ""))
	m.stub("dockerd", notes("dockerd", `: >"$STATE/up"`))
	m.stub("docker", dockerClient)
	m.stub("sleep", "#!/bin/sh\n")
	return m
}

// notes is a stub that records its arguments and then runs a command.
func notes(name, then string) string {
	return "#!/bin/sh\necho \"" + name + " $*\" >>\"$STATE/notes\"\n" + then + "\n"
}

func (m *machine) remove(names ...string) {
	m.t.Helper()
	for _, name := range names {
		must(m.t, os.Remove(filepath.Join(m.bin, name)))
	}
}

// having sets a state of the stubs.
func (m *machine) having(state string) {
	m.t.Helper()
	must(m.t, os.WriteFile(filepath.Join(m.home, state), nil, 0o644))
}

// belongsToAUser makes the user a regular one, with or without sudo.
func (m *machine) belongsToAUser(sudo bool) {
	m.stub("id", "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || echo somebody\n")
	if sudo {
		m.stub("sudo", "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nAS_ROOT=1 exec \"$@\"\n")
	}
}

// TestEnsureDockerLetsGo runs `make demo 2>&1 | tee log` without a service
// manager: the pipe must be closed when the script ends, not when the daemon does.
func TestEnsureDockerLetsGo(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]bool{"root": false, "a user with sudo": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newDockerHost(t)
			if user {
				m.belongsToAUser(true)
			}
			m.stub("service", "#!/bin/sh\nexit 1\n")
			for _, tool := range []string{"sleep", "seq"} {
				must(t, os.Symlink(lookup(t, tool), filepath.Join(m.bin, "real-"+tool)))
			}
			m.stub("sleep", "#!/bin/sh\nreal-sleep 0.05\n")
			m.stub("dockerd", `#!/bin/sh
: >"$STATE/up"
for _ in $(real-seq 600); do [ ! -e "$STATE/end" ] || exit; real-sleep 0.05; done
`)
			t.Cleanup(func() { m.having("end") })
			cmd := m.command(script(t, "scripts/ensure-docker.sh"))
			cmd.WaitDelay = 5 * time.Second
			var said strings.Builder // makes exec use a pipe
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, &said)
			}
		})
	}
}

const (
	aptUpdate  = "apt-get update -q\n"
	aptInstall = "apt-get install -q -y --no-install-recommends "
	engine     = "docker.io iptables ca-certificates"
)

func TestEnsureDocker(t *testing.T) {
	t.Parallel()
	start := "service docker start\n"
	for name, c := range map[string]struct {
		arrange func(*machine)
		notes   string // the recorded calls
		code    int
		says    []string // nil if there must be no output
	}{
		"answers": {
			arrange: func(m *machine) { m.having("up") },
		},
		"answers curl": {
			arrange: func(m *machine) {
				m.having("up")
				m.remove("docker")
				m.stub("curl", "#!/bin/sh\n[ \"${*#*--unix-socket }\" = '/var/run/docker.sock http://docker/_ping' ]\n")
			},
		},
		"answers curl elsewhere": {
			arrange: func(m *machine) {
				m.set("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
				m.remove("docker")
				m.stub("curl", "#!/bin/sh\n[ \"${*#*--unix-socket }\" = '/run/user/1000/docker.sock http://docker/_ping' ]\n")
			},
		},
		"stopped": {
			notes: start,
			says:  []string{"starting the Docker daemon", "the Docker daemon is running"},
		},
		"stopped under systemd": {
			arrange: func(m *machine) {
				m.stub("systemctl", "#!/bin/sh\n[ \"$1\" != show-environment ] || exit 0\n"+
					strings.TrimPrefix(notes("systemctl", `: >"$STATE/up"`), "#!/bin/sh\n"))
			},
			notes: "systemctl start docker\n",
			says:  []string{"the Docker daemon is running"},
		},
		"systemd cannot start it": {
			arrange: func(m *machine) {
				m.stub("systemctl", "#!/bin/sh\n[ \"$1\" = show-environment ]\n")
			},
			code: 3,
			says: []string{"systemd could not start Docker", "journalctl -u docker"},
		},
		"no service manager": {
			arrange: func(m *machine) {
				m.stub("service", notes("service", "exit 1"))
				// The daemon starts in the background: sleep until it has.
				must(m.t, os.Symlink(lookup(m.t, "sleep"), filepath.Join(m.bin, "real-sleep")))
				m.stub("sleep", "#!/bin/sh\nuntil [ -e \"$STATE/up\" ]; do real-sleep 0.01; done\n")
			},
			notes: start + "dockerd \n",
			says:  []string{"the Docker daemon is running"},
		},
		"never comes up": {
			arrange: func(m *machine) { m.stub("service", notes("service", "")) },
			notes:   start,
			code:    3,
			says:    []string{"was started but is not responding", "/var/log/docker.log"},
		},
		"missing": {
			arrange: func(m *machine) { m.remove("dockerd") },
			notes:   aptUpdate + aptInstall + engine + "\n" + start,
			says:    []string{"installing " + engine, "the Docker daemon is running"},
		},
		"missing, and so is every client": {
			arrange: func(m *machine) {
				m.remove("dockerd", "docker")
				m.link("cp")
				writeProgram(m.t, filepath.Join(m.home, "curl"), dockerClient)
				m.stub("apt-get", notes("apt-get", `cp "$STATE/curl" "${0%/*}/curl"`))
			},
			notes: aptUpdate + aptInstall + engine + " curl\n" + start,
			says:  []string{"the Docker daemon is running"},
		},
		"running, and every client missing": {
			arrange: func(m *machine) {
				m.having("up")
				m.remove("docker")
				m.link("cp")
				writeProgram(m.t, filepath.Join(m.home, "curl"), dockerClient)
				m.stub("apt-get", notes("apt-get", `cp "$STATE/curl" "${0%/*}/curl"`))
			},
			notes: aptUpdate + aptInstall + "curl\n",
			says:  []string{"installing curl"},
		},
		"apt-get update fails": {
			arrange: func(m *machine) {
				m.remove("dockerd")
				m.stub("apt-get", notes("apt-get", `[ "$1" != update ]`))
			},
			notes: aptUpdate + aptInstall + engine + "\n" + start,
			says:  []string{"trying to install anyway", "the Docker daemon is running"},
		},
		"apt-get fails": {
			arrange: func(m *machine) {
				m.remove("dockerd")
				m.stub("apt-get", notes("apt-get", "exit 100"))
			},
			notes: aptUpdate + aptInstall + engine + "\n",
			code:  3,
			says:  []string{"apt-get could not install " + engine},
		},
		"no apt-get": {
			arrange: func(m *machine) { m.remove("dockerd", "apt-get") },
			code:    3,
			says:    []string{"apt-get is not available", engine, "docs.docker.com"},
		},
		"remote daemon not running": {
			arrange: func(m *machine) { m.set("DOCKER_HOST", "tcp://build.lan:2376") },
			code:    3,
			says:    []string{"DOCKER_HOST=tcp://build.lan:2376", "unset it"},
		},
		"macOS": {
			arrange: func(m *machine) { m.stub("uname", "#!/bin/sh\necho Darwin\n") },
			code:    3,
			says:    []string{"start Docker Desktop"},
		},
		"user without sudo": {
			arrange: func(m *machine) { m.belongsToAUser(false) },
			code:    3,
			says:    []string{"sudo "},
		},
		"user with sudo, in the group": {
			arrange: func(m *machine) { m.belongsToAUser(true) },
			notes:   start,
			says:    []string{"the Docker daemon is running"},
		},
		"user with sudo, not in the group": {
			arrange: func(m *machine) {
				m.belongsToAUser(true)
				m.having("root-only")
				m.remove("dockerd")
			},
			notes: aptUpdate + aptInstall + engine + "\n" + start,
			code:  3,
			says:  []string{"somebody has no permission to use it", "sudo usermod -aG docker somebody"},
		},
		"running, and the user not in the group": {
			arrange: func(m *machine) {
				m.belongsToAUser(true)
				m.having("root-only")
				m.having("up")
			},
			code: 3,
			says: []string{"sudo usermod -aG docker somebody"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newDockerHost(t)
			if c.arrange != nil {
				c.arrange(m)
			}
			got := m.sh(script(t, "scripts/ensure-docker.sh"))
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			wantContains(t, "stderr", got.stderr, c.says...)
			if c.says == nil && got.stderr != "" || got.stdout != "" {
				t.Errorf("it had nothing to say, and said %q and %q", got.stderr, got.stdout)
			}
			notes, err := os.ReadFile(filepath.Join(m.home, "notes"))
			if !errors.Is(err, fs.ErrNotExist) {
				must(t, err)
			}
			if string(notes) != c.notes {
				t.Errorf("it did\n%s\nwant\n%s", notes, c.notes)
			}
		})
	}
}
