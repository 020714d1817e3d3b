package compose

import (
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/plan"
)

// RenderStack writes the plan as a stack for `docker stack deploy`. A gateway
// must have keys, because Swarm publishes its port everywhere. The notes say what
// Swarm cannot express.
func RenderStack(p plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	c := p.Template()
	all := []service{{Container: c, Plan: p, Service: "api", Version: from.Version, Count: len(p.Containers)}}
	if p.Gateway() != nil {
		// One service for each server, so that each has a name that the gateway can ask.
		all = services(p, 1, from.Version)
	}
	yaml, _, err = render(stackFile, all, from)
	notes = append(exposureNotes(p), "Swarm cannot express no-new-privileges, nor forbid swap")
	if c.Image.BuiltIn {
		notes = append(notes, "the image "+c.Image.Reference+" is not in a registry: run facecraft pull --tag "+c.Variant+
			" on every node, and docker stack deploy --resolve-image never")
		if p.Gateway() == nil {
			notes = append(notes, "the lite server responds to a node's address but not to its name: to allow the name, "+
				"add --env "+plan.HostsVariable+"=NAME")
		}
	}
	if c.GPUs != nil && len(c.GPUs.IDs) > 0 {
		notes = append(notes, "Swarm gives each server any GPU of its node, not "+c.GPUs.String())
	}
	return yaml, notes, err
}

// exposureNotes say who can reach the port, and what a gateway needs for that.
func exposureNotes(p plan.Plan) []string {
	c, g := p.Front(), p.Gateway()
	everywhere := "Swarm publishes a port on every address of every node"
	if g == nil {
		return []string{everywhere + ", and the API does not enforce a key: keep port " + strconv.Itoa(c.Publish.Port) +
			" behind a firewall"}
	}
	notes := []string{everywhere, "create the secret first: docker secret create " + keySecretOf(c) + " FILE, with one " +
		"API key per line"}
	if g.Image.BuiltIn {
		notes = append(notes, gatewayImageNote(g.Image.Reference))
	}
	return notes
}

// keySecretOf is the name of a gateway's keys in the Swarm.
func keySecretOf(c plan.Container) string { return c.Instance + "_" + keySecret }

// KeySecret is the name of the gateway's keys in the Swarm.
func (s service) KeySecret() string { return keySecretOf(s.Container) }

// Arch is the architecture as named by Swarm nodes.
func (s service) Arch() string {
	_, arch, _ := strings.Cut(s.Image.Platform, "/")
	if name, ok := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]; ok {
		return name
	}
	return arch
}

// VolumeKey is a volume's name within a stack.
func (s service) VolumeKey(v plan.Volume) string { return strings.TrimPrefix(v.Name, s.Instance+"_") }

// RolloutSeconds is how long an update monitors a new server before continuing:
// twice the usual loading time.
func (s service) RolloutSeconds() int { return 2 * s.Plan.Needs.StartSeconds }
