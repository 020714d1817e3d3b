package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// Auto lets the facts choose the variant. Lite is built into this program.
const (
	Auto = "auto"
	Lite = "lite"
)

// Request is what the user asked for. Zero values leave the choice to Make;
// explicit values are honoured or refused, never replaced.
type Request struct {
	Instance string // a name; empty is DefaultInstance
	Tag      string // a variant's name, or Auto; empty is Auto
	Image    string // an image reference instead of the catalogue's
	Port     int    // host port; 0 picks the first free one from DefaultPort
	Listen   string // host address to publish on; empty is loopback
	Replicas int    // number of servers, or AutoReplicas; 0 means one
	// GPUs are indexes or UUIDs, or AllGPUs. Naming any requests a GPU variant;
	// empty picks all suitable ones.
	GPUs []string
	// Data is the absolute path of a host directory for the server's files;
	// empty keeps them in named volumes.
	Data string
	// Restart is one of RestartPolicies; empty means no restart.
	Restart string
	Env     []Env    // variables for the container
	Secrets []Secret // variables whose values must stay hidden
	// Gateway puts a gateway in front of the servers, or leaves it out; nil lets
	// the other choices decide.
	Gateway *bool
	// KeyFile is the absolute path of a file with the gateway's API keys. If it
	// is empty, the keys are the secret APIKeyVariable, if that is among Secrets.
	KeyFile string
	// TLS makes the gateway speak HTTPS; nil means HTTP.
	TLS *TLS
	// GatewayImage is the built-in image's reference in a registry, for gateways
	// on other machines; empty means this machine's.
	GatewayImage string
	// Elsewhere is for an image that is only downloaded or exported: whether
	// this machine can run the variant does not matter.
	Elsewhere bool
}

// RestartPolicies are Docker's restart policies.
// (https://docs.docker.com/engine/containers/start-containers-automatically/)
var RestartPolicies = []string{"on-failure", "unless-stopped", "always"}

// WantsGPU reports whether the request can only be met with a GPU.
func (r Request) WantsGPU(c Catalogue) bool {
	v, _ := c.Variant(r.Tag)
	return v.GPU != nil || len(r.GPUs) > 0
}

// validateGPUs rejects an invalid choice of GPUs.
func (r Request) validateGPUs(c Catalogue) error {
	if len(r.GPUs) == 0 {
		return nil
	}
	if v, ok := c.Variant(r.Tag); ok && v.GPU == nil {
		return fault.New(fault.Usage, "leave one of them out", "--gpus and --tag %s contradict each other", r.Tag)
	}
	if slices.Contains(r.GPUs, "") {
		return fault.New(fault.Usage, "use indexes or UUIDs, as in --gpus 0,1, or all", "--gpus has an empty entry")
	}
	return nil
}

// checkGPUsExist rejects GPUs that the machine does not have.
func (r Request) checkGPUsExist(f Facts) error {
	var known []string
	for _, gpu := range f.GPUs.Value {
		known = append(known, fmt.Sprintf("%d (%s)", gpu.Index, gpu.Name))
	}
	for _, id := range r.GPUs {
		there := func(gpu GPU) bool { return gpu.among([]string{id}) }
		if id != AllGPUs && len(known) > 0 && !slices.ContainsFunc(f.GPUs.Value, there) {
			return fault.New(fault.Usage, "use one of: "+strings.Join(known, ", "), "there is no GPU %q", id)
		}
	}
	return nil
}

// ShortName strips the localhost/ that Podman adds to image references without
// a registry.
func ShortName(reference string) string { return strings.TrimPrefix(reference, "localhost/") }
