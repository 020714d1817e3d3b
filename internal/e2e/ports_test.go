package e2e

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestPortTaken names the port that is not available.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	listen(t, u.port)
	u.expect(1, []string{fmt.Sprintf("port %d is taken", u.port)}, "up", "--lite")
	u.checkNoContainers()
}

// TestPortOwners are named: containers, and processes of this machine.
func TestPortOwners(t *testing.T) {
	t.Parallel()
	first, second := newUser(t), newUser(t)
	first.run("up", "--lite")
	second.port = first.port
	second.expect(1, []string{
		"is taken by the container " + first.instance, "fix: docker stop " + first.instance,
	}, "up", "--lite")

	second.port = dockertest.FreePort(t)
	listen(t, second.port)
	want := "another program"
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		want = fmt.Sprintf("(process %d)", os.Getpid())
	}
	second.expect(1, []string{want}, "up", "--lite")
}

// TestPortRace loses the port between the check and the start: the check sees
// no IPv6, so the daemon is the first to notice.
func TestPortRace(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it publishes on ::1")
	listener, err := net.Listen("tcp6", "[::1]:8000")
	if err != nil {
		t.Skipf("needs port 8000 of ::1: %v", err)
	}
	defer listener.Close()
	// The second user also loses the port of the first one's server.
	for i, u := range []*user{u, newUser(t)} {
		u.with("FACECRAFT_CLI_PORT=").expect(0, []string{"port 8000 was taken in the meantime"},
			"up", "--lite", "--listen", "::1", "--gateway=false", "--replicas", strconv.Itoa(i+1))
		u.checkServers(i+1, "running")
	}
}

// TestListenOnAllAddresses reaches a server on :: by the loopback address.
func TestListenOnAllAddresses(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it publishes on ::")
	url := strings.TrimSpace(u.run("up", "--lite", "--listen", "::", "--gateway=false"))
	if url != fmt.Sprintf("http://[::1]:%d", u.port) {
		t.Errorf("the server is at %s", url)
	}
	if status := u.run("status"); !strings.Contains(status, ", reachable from other machines on ::") {
		t.Errorf("status says %s", status)
	}
	u.expect(1, []string{"this machine has no address 192.0.2.1 to listen on", "fix: "},
		"up", "--lite", "--recreate", "--gateway=false", "--listen", "192.0.2.1")
}
