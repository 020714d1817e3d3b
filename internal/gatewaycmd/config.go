package gatewaycmd

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/gateway"
	"github.com/djok/facecraft/internal/plan"
)

// Read returns a gateway's configuration, and its certificate or nil. The gateway
// writes its log to log.
func Read(getenv func(string) string, log io.Writer) (gateway.Config, *gateway.TLS, error) {
	config := gateway.Config{Servers: list(getenv(plan.GatewayServersVariable)),
		Origins: list(getenv(plan.OriginsVariable)), Log: log}
	host, port, err := net.SplitHostPort(getenv(plan.GatewayPublishedVariable))
	if err != nil {
		return config, nil, fault.Wrap(fault.Usage, err, "set it to ADDRESS:PORT", "%s is not valid",
			plan.GatewayPublishedVariable)
	}
	ip := net.ParseIP(host)
	config.Loopback = host == "localhost" || ip.IsLoopback()
	config.Hosts = hosts(ip, host, port, list(getenv(plan.HostsVariable)))
	if file := getenv(plan.GatewayKeysVariable); file != "" {
		config.Keys, err = gateway.ReadKeys(file, func(err error) {
			fmt.Fprintf(log, "the API keys stay as they were: %v\n", err)
		})
		if err != nil {
			return config, nil, fault.Wrap(fault.Failed, err, "write one API key a line", "cannot read the API keys")
		}
	}
	if file := getenv(plan.GatewayCertVariable); file != "" {
		return config, &gateway.TLS{CertFile: file, KeyFile: getenv(plan.GatewayKeyVariable)}, nil
	}
	return config, nil, nil
}

// hosts are the Host headers that a gateway accepts: its own address, and the
// configured names, with the port and, for a proxy in front of it, without. One that
// is published on all addresses does not know them. It requires a key, which a web
// page does not have, and accepts any name unless some were configured.
func hosts(ip net.IP, host, port string, names []string) []string {
	own := []string{net.JoinHostPort(host, port)}
	switch {
	case ip.IsUnspecified() && len(names) == 0:
		return []string{gateway.AnyHost}
	case ip.IsUnspecified() || ip.IsLoopback():
		own = []string{net.JoinHostPort(plan.Loopback, port), net.JoinHostPort("::1", port),
			net.JoinHostPort("localhost", port)}
	}
	for _, name := range names {
		own = append(own, name)
		if _, _, err := net.SplitHostPort(name); err != nil && name != gateway.AnyHost {
			own = append(own, net.JoinHostPort(name, port))
		}
	}
	return own
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// port is where the gateway listens in its container.
func port(getenv func(string) string) (int, error) {
	text := getenv(plan.GatewayPortVariable)
	if text == "" {
		return plan.ContainerPort, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fault.New(fault.Usage, "set it to a port from 1 to 65535", "%s is not a port: %q", plan.GatewayPortVariable,
			text)
	}
	return int(port), nil
}
