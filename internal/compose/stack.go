package compose

import (
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/plan"
)

// RenderStack writes the plan as a stack for `docker stack deploy`. The notes
// say what Swarm cannot express.
func RenderStack(p plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	c := p.Template()
	yaml, _, err = render(stackFile,
		[]service{{Container: c, Plan: p, Service: "api", Version: from.Version, Count: len(p.Containers)}}, from)
	notes = []string{
		"Swarm publishes a port on every address of every node, and the API does not enforce a key: keep port " +
			strconv.Itoa(c.Publish.Port) + " behind a firewall",
		"Swarm cannot express no-new-privileges, nor forbid swap",
	}
	if c.Image.BuiltIn {
		notes = append(notes, "the image "+c.Image.Reference+" is not in a registry: run facecraft pull --tag "+c.Variant+
			" on every node, and docker stack deploy --resolve-image never",
			"the lite server responds to a node's address but not to its name: to allow the name, add --env "+
				plan.HostsVariable+"=NAME")
	}
	if c.GPUs != nil && len(c.GPUs.IDs) > 0 {
		notes = append(notes, "Swarm gives each server any GPU of its node, not "+c.GPUs.String())
	}
	return yaml, notes, err
}

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
