package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// TestContainerIsConfined reads the running server's settings back from the
// daemon and from the kernel.
func TestContainerIsConfined(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	c := u.server()
	check := func(what string, got, want any) {
		t.Helper()
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			t.Errorf("%s is %s, want %s", what, g, w)
		}
	}
	check("user", c.Config.User, "1000:1000")
	check("capabilities added", c.HostConfig.CapAdd, "[]")
	check("privileged", c.HostConfig.Privileged, false)
	check("security options", c.HostConfig.SecurityOpt, "[no-new-privileges]")
	check("read-only", c.HostConfig.ReadonlyRootfs, true)
	check("memory", c.HostConfig.Memory, 768<<20)
	check("processes", *c.HostConfig.PidsLimit, 128)
	check("never restarted", c.HostConfig.RestartPolicy.IsNone() || c.HostConfig.RestartPolicy.Name == "", true)
	for port, bindings := range c.NetworkSettings.Ports {
		for _, b := range bindings {
			if !net.ParseIP(b.HostIP).IsLoopback() {
				t.Errorf("%s is published on %s", port, b.HostIP)
			}
			check("port", b.HostPort, u.port)
		}
	}
	// What counts is the kernel's view of the process, not the settings.
	status := u.kernelStatus()
	for _, want := range []string{
		"Uid:\t1000\t1000\t1000\t1000", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("the kernel does not say %q about the server:\n%s", want, status)
		}
	}
}
