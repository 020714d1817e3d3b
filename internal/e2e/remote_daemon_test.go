package e2e

import (
	"io"
	"net"
	"strings"
	"testing"
)

// TestRemoteDaemon publishes ports on another machine, so this one must not
// look for servers there. A proxy on an address that is not the loopback
// stands for that machine.
func TestRemoteDaemon(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	host := "tcp://" + proxy(u, outsideAddress(t))
	there := u.with("DOCKER_HOST=" + host)
	for _, args := range [][]string{{"up", "--lite"}, {"open"}} {
		there.expect(3, []string{"is on another machine"}, args...)
	}
	there.expect(0, []string{"unknown: it is on another machine, " + host}, "status")
}

func outsideAddress(t *testing.T) net.IP {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if ok && network.IP.To4() != nil && !network.IP.IsLoopback() {
			return network.IP
		}
	}
	t.Skip("needs an address that is not the loopback")
	return nil
}

// proxy gives the user's daemon a port at an address of this machine.
func proxy(u *user, at net.IP) string {
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
