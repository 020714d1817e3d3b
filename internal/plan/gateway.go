package plan

import (
	"fmt"
	"net"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// RoleGateway is the role of the container in front of an instance's servers:
// the only one of them that publishes a port.
const RoleGateway = "gateway"

// The commands of this program that run in a gateway's container.
const (
	ServeGatewayCommand = "serve-gateway"
	CheckGatewayCommand = "check-gateway"
)

// APIKeyVariable holds the API keys of a gateway in this program's environment.
// It never reaches a container's environment if there is a gateway.
const APIKeyVariable = "FACECRAFT_API_KEY"

// The variables that configure a gateway, besides OriginsVariable, and
// HostsVariable for names beside the published address.
const (
	// GatewayServersVariable lists the servers' addresses in the network.
	GatewayServersVariable = "FACECRAFT_GATEWAY_SERVERS"
	// GatewayPublishedVariable is the host's address and port that clients use.
	// Beyond loopback a gateway without keys does not start.
	GatewayPublishedVariable = "FACECRAFT_GATEWAY_PUBLISHED"
	GatewayKeysVariable      = "FACECRAFT_GATEWAY_KEYS" // Container.KeyFile
	// GatewayPortVariable is the container's port; empty means ContainerPort.
	GatewayPortVariable = "FACECRAFT_GATEWAY_PORT"
	GatewayCertVariable = "FACECRAFT_GATEWAY_TLS_CERT"
	GatewayKeyVariable  = "FACECRAFT_GATEWAY_TLS_KEY"
)

// GatewayKeyFile is where a gateway reads its keys. They are copied into the
// container, whose file system is therefore not read-only: its user could not
// read the caller's file.
const GatewayKeyFile = "/run/facecraft/keys"

// The directories of the certificate and its key are mounted, so that new ones
// are seen.
const (
	gatewayCertDir = "/run/facecraft/tls-cert"
	gatewayKeyDir  = "/run/facecraft/tls-key"
)

// What a gateway may use. It stays below 30 MB with small photos; a queue of
// large uploads needs more.
const (
	gatewayMemory = 256 << 20
	gatewayPIDs   = 128
)

// TLS names a certificate with its chain, and its private key, both as PEM and
// by absolute paths.
type TLS struct{ Cert, Key string }

// Servers are the plan's containers that make portraits.
func (p Plan) Servers() []Container {
	if p.Gateway() == nil {
		return p.Containers
	}
	return p.Containers[:len(p.Containers)-1]
}

// Gateway is the container in front of the servers, or nil.
func (p Plan) Gateway() *Container {
	if last := len(p.Containers) - 1; last >= 0 && p.Containers[last].Role == RoleGateway {
		return &p.Containers[last]
	}
	return nil
}

// Front is the container that clients talk to: the gateway or the first server.
func (p Plan) Front() Container {
	if g := p.Gateway(); g != nil {
		return *g
	}
	return p.First()
}

// URLBehind is the server's address for the containers in its network.
func (c Container) URLBehind() string {
	return "http://" + net.JoinHostPort(c.Name, strconv.Itoa(c.Publish.Container))
}

// chooseGateway decides whether to put a gateway in front of the servers. It is not
// required if only the number of servers or the address calls for it.
func (m *maker) chooseGateway() (bool, error) {
	why, required := m.needForGateway()
	unwanted := m.request.Gateway != nil && !*m.request.Gateway
	switch {
	case unwanted && required:
		return false, fault.New(fault.Usage, "drop --gateway=false",
			"--gateway=false leaves out what other flags need: %s", why)
	case unwanted || why == "":
		return false, nil
	}
	if missing := m.gatewayMissing(); missing != "" {
		if required {
			return false, fault.New(fault.Unrunnable, "leave --gateway out", "a gateway is not available: %s", missing)
		}
		m.because("no gateway", "%s", missing)
		return false, nil
	}
	m.because("gateway", "%s", why)
	return true, nil
}

// needForGateway is why there should be a gateway, or "", and whether the user asked
// for it.
func (m *maker) needForGateway() (why string, required bool) {
	switch r := m.request; {
	case r.Gateway != nil && *r.Gateway:
		return "requested with --gateway", true
	case r.KeyFile != "":
		return "the images enforce no API key, and --api-key-file asks for one", true
	case r.TLS != nil:
		return "the images speak HTTP only, and --tls-cert asks for HTTPS", true
	case r.GatewayImage != "":
		return "--gateway-image names its image", true
	case !m.loopbackOnly():
		return "others can reach " + m.server.Publish.Address + ", and the images enforce no API key", false
	case m.count > 1:
		return fmt.Sprintf("%d servers get one address, and results can be fetched there", m.count), false
	}
	return "", false
}

// gatewayMissing is why a gateway cannot run, or "".
func (m *maker) gatewayMissing() string {
	if lite := m.facts.LiteImage; !lite.Known && m.request.GatewayImage == "" {
		return lite.Evidence
	}
	return ""
}

// loopbackOnly reports whether only this machine can reach the published port.
func (m *maker) loopbackOnly() bool { return net.ParseIP(m.server.Publish.Address).IsLoopback() }

// guard puts a gateway in front of the servers: it takes over their published
// port.
func (m *maker) guard(servers []Container) ([]Container, error) {
	gateway, err := m.gateway(servers)
	if err != nil {
		return nil, err
	}
	for i := range servers {
		servers[i].Network = gateway.Network
		servers[i].Publish = Publish{Container: ContainerPort}
	}
	return append(servers, gateway), nil
}

func (m *maker) gateway(servers []Container) (Container, error) {
	lite, err := m.builtIn()
	if err != nil {
		return Container{}, err
	}
	first := m.server
	g := Container{
		Instance: first.Instance, Name: first.Instance + "-gateway", Role: RoleGateway, Variant: first.Variant,
		Image: m.gatewayImage(lite),
		Args:  []string{ServeGatewayCommand}, Network: first.Instance + "-gateway", Publish: first.Publish,
		User: lite.User, MemoryLimit: gatewayMemory, PIDsLimit: gatewayPIDs, Restart: first.Restart,
		CapDrop: first.CapDrop, SecurityOpt: first.SecurityOpt, Log: first.Log, StopSeconds: first.StopSeconds,
		Health: health(Variant{Health: []string{"CMD", "/facecraft", CheckGatewayCommand}}),
	}
	m.chooseTLS(&g)
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.URLBehind())
	}
	published := net.JoinHostPort(g.Publish.Address, strconv.Itoa(g.Publish.Port))
	g.Env = []Env{{GatewayServersVariable, strings.Join(addresses, ",")},
		{GatewayPublishedVariable, published}, {OriginsVariable, g.origins()}}
	m.shareAccess(&g)
	m.chooseKey(&g)
	if g.KeyFile != "" {
		g.Env = append(g.Env, Env{GatewayKeysVariable, g.KeyFile})
	}
	if t := m.request.TLS; t != nil {
		g.Env = append(g.Env, Env{GatewayCertVariable, path.Join(gatewayCertDir, filepath.Base(t.Cert))},
			Env{GatewayKeyVariable, path.Join(gatewayKeyDir, filepath.Base(t.Key))})
	}
	return g, nil
}

// gatewayImage is the built-in image: this machine's, or the one that was pushed.
func (m *maker) gatewayImage(lite Variant) Image {
	image := Image{Reference: m.facts.LiteImage.Value, BuiltIn: true, Platform: m.platform(lite)}
	if pushed := m.request.GatewayImage; pushed != "" {
		image.Reference, image.BuiltIn = pushed, false
		m.because("gateway image", "requested with --gateway-image")
	}
	return image
}

// Behind returns a gateway whose servers have these addresses in their network
// instead of their containers' names.
func (c Container) Behind(servers ...string) Container {
	c.Env = slices.Clone(c.Env)
	c.setEnv(Env{GatewayServersVariable, strings.Join(servers, ",")})
	return c
}

// ListeningOn returns a gateway that listens on a different port, because its
// servers use theirs, and is published there on all addresses.
func (c Container) ListeningOn(port int) Container {
	c.Env = slices.Clone(c.Env)
	c.setEnv(Env{GatewayPortVariable, strconv.Itoa(port)})
	c.setEnv(Env{GatewayPublishedVariable, net.JoinHostPort("0.0.0.0", strconv.Itoa(port))})
	c.Publish.Container = port
	return c
}

// builtIn is the variant whose image a gateway runs in.
func (m *maker) builtIn() (Variant, error) {
	for _, v := range m.catalogue.Variants {
		if v.BuiltIn {
			return v, nil
		}
	}
	return Variant{}, fault.New(fault.Unrunnable, "leave --gateway out", "no variant is built into this program")
}

// shareAccess gives a gateway the names and web pages that the user allowed.
func (m *maker) shareAccess(g *Container) {
	for _, e := range m.request.Env {
		if e.Name == HostsVariable || e.Name == OriginsVariable {
			g.setEnv(e)
		}
	}
	for _, s := range m.request.Secrets {
		if s.Name == HostsVariable || s.Name == OriginsVariable {
			g.Env = slices.DeleteFunc(g.Env, func(e Env) bool { return e.Name == s.Name })
			g.Secrets = append(g.Secrets, s)
		}
	}
}

// chooseKey requires a key if one was given, or if others can reach the port.
func (m *maker) chooseKey(g *Container) {
	inherited := slices.IndexFunc(m.request.Secrets, func(s Secret) bool { return s.Name == APIKeyVariable })
	switch {
	case m.request.KeyFile != "":
		m.because("API key", "taken from %s", m.request.KeyFile)
	case inherited >= 0:
		m.because("API key", "%s, %s", APIKeyVariable, m.request.Secrets[inherited].source())
	case m.loopbackOnly():
		m.because("no API key", "only this machine can reach %s", g.Publish.Address)
		return
	default:
		m.because("API key", "made by facecraft, because others can reach %s", g.Publish.Address)
	}
	g.KeyFile = GatewayKeyFile
}

// chooseTLS mounts the certificate and its key, read by the user who owns them.
func (m *maker) chooseTLS(g *Container) {
	t := m.request.TLS
	if t == nil {
		if !m.loopbackOnly() {
			m.warn("the gateway speaks HTTP: API keys and photos cross the network in clear text; " +
				"use --tls-cert and --tls-key, or an HTTPS proxy in front of it")
		}
		return
	}
	m.because("HTTPS", "requested with --tls-cert")
	m.chooseUser(g)
	selinux := m.facts.Daemon.SELinux.Value
	for _, b := range [][2]string{{t.Cert, gatewayCertDir}, {t.Key, gatewayKeyDir}} {
		g.Binds = append(g.Binds, Bind{Source: filepath.Dir(b[0]), Target: b[1], Relabel: selinux, ReadOnly: true})
	}
}

// keepKeyOut removes the API key from what servers behind a gateway get.
func (m *maker) keepKeyOut() error {
	if slices.ContainsFunc(m.request.Env, func(e Env) bool { return e.Name == APIKeyVariable }) {
		return fault.New(fault.Usage, "put it into a file: --api-key-file FILE", "--env would show the API key to everybody "+
			"who can run docker inspect")
	}
	m.server.Secrets = slices.DeleteFunc(m.server.Secrets, func(s Secret) bool { return s.Name == APIKeyVariable })
	return nil
}
