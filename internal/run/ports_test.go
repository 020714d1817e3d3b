package run

import (
	"errors"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

// TestPortFault recognises daemons' errors about ports. The texts are real.
func TestPortFault(t *testing.T) {
	t.Parallel()
	for text, taken := range map[string]bool{
		"driver failed programming external connectivity on endpoint web (f00): Bind for 127.0.0.1:8000 failed: port is " +
			"already allocated": true,
		"driver failed programming external connectivity on endpoint web (f00): Error starting userland proxy: listen " +
			"tcp4 127.0.0.1:8000: bind: address already in use": true,
		"failed to set up container networking: driver failed programming external connectivity on endpoint web (f00): " +
			"failed to bind host port for 127.0.0.1:8000:172.17.0.2:8000/tcp: address already in use": true,
		"Ports are not available: exposing port TCP 127.0.0.1:8000 -> 0.0.0.0:0: listen tcp 127.0.0.1:8000: bind: An " +
			"attempt was made to access a socket in a way forbidden by its access permissions.": true,
		"Ports are not available: exposing port TCP 127.0.0.1:8000 -> 0.0.0.0:0: listen tcp4 127.0.0.1:8000: bind: " +
			"address already in use": true,
		"Ports are not available: listen tcp 127.0.0.1:8000: bind: Only one usage of each socket address " +
			"(protocol/network address/port) is normally permitted.": true,
		"rootlessport listen tcp 127.0.0.1:8000: bind: address already in use": true,
		"driver failed programming external connectivity on endpoint web (f00): Error starting userland proxy: error " +
			"while calling PortManager.AddPort(): cannot expose privileged port 80, you can add " +
			"'net.ipv4.ip_unprivileged_port_start=80'": false,
		"rootlessport cannot expose privileged port 80, you can add 'net.ipv4.ip_unprivileged_port_start=80' to " +
			"/etc/sysctl.conf": false,
	} {
		err := portFault(8000, errors.New(text))
		if errors.Is(err, ErrPortTaken) != taken || fault.HintOf(err) == "" {
			t.Errorf("%s\ngave %v", text, err)
		}
	}
	if err := portFault(8000, errors.New("could not select device driver")); err != nil {
		t.Errorf("an unrelated failure gave %v", err)
	}
}
