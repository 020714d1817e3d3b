package kube

import (
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"

	"github.com/djok/facecraft/internal/plan"
)

// gatewayPort is the gateway's port in a pod, where the server has its own.
const gatewayPort = 8080

// sidecar is the gateway in each pod, in front of the pod's one server.
type sidecar struct{ plan.Container }

// Sidecar is the gateway, or nil.
func (m manifests) Sidecar() *sidecar {
	g := m.Plan.Gateway()
	if g == nil {
		return nil
	}
	server := "http://" + plan.Loopback + ":" + strconv.Itoa(m.Publish.Container)
	c := g.Behind(server).ListeningOn(gatewayPort)
	c.Env = c.EnvUnder(m.hosts(g.Publish.Port)...)
	return &sidecar{c}
}

// hosts are what clients call a gateway, if it answers only to some names: the names
// of the Services, with their port and without, and a port that is forwarded.
func (m manifests) hosts(forwarded int) []string {
	names := m.names()
	hosts := slices.Clone(names)
	for _, name := range names {
		hosts = append(hosts, net.JoinHostPort(name, strconv.Itoa(m.Publish.Container)))
	}
	for _, name := range []string{plan.Loopback, "localhost"} {
		hosts = append(hosts, net.JoinHostPort(name, strconv.Itoa(forwarded)))
	}
	return hosts
}

// Port is the one that clients of a pod use.
func (m manifests) Port() int {
	if g := m.Sidecar(); g != nil {
		return g.Publish.Container
	}
	return m.Publish.Container
}

// UID is the gateway's user.
func (g sidecar) UID() string { return manifests{Container: g.Container}.UID() }

// GID is the gateway's group.
func (g sidecar) GID() string { return manifests{Container: g.Container}.GID() }

// KeySecret is the name of the secret that holds the API keys.
func (g sidecar) KeySecret() string { return g.Instance + "-keys" }

// KeyDir is where the secret is mounted: a directory, because a single file would
// not change with it.
func (g sidecar) KeyDir() string { return path.Dir(g.KeyFile) }

// KeyName is the secret's one key.
func (g sidecar) KeyName() string { return path.Base(g.KeyFile) }

func (g sidecar) notes() []string {
	notes := []string{fmt.Sprintf("create the secret of the API keys first, one per line: kubectl create namespace %s; "+
		"kubectl -n %s create secret generic %s --from-file=%s=FILE", g.Instance, g.Instance, g.KeySecret(), g.KeyName())}
	if g.Image.BuiltIn {
		notes = append(notes, fmt.Sprintf("the gateway's image %s is in no registry: push it with facecraft push REF, and "+
			"name what that prints: --gateway-image REF@DIGEST", g.Image.Reference))
	}
	return notes
}
