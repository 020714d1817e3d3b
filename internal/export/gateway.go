package export

import (
	"net"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// guarded adapts a request to what its target supports with a gateway. A file only
// has one if asked for, because it needs an image that other machines can pull.
func (e Export) guarded(r plan.Request) (plan.Request, error) {
	wanted := r.Gateway != nil && *r.Gateway
	if !wanted && r.KeyFile == "" && r.TLS == nil && r.GatewayImage == "" {
		r.Gateway = new(false)
		return r, nil
	}
	if e.Profiles {
		return r, fault.New(fault.Usage, "drop one of them", "--profiles and --gateway contradict each other")
	}
	if e.Target == Compose {
		if r.KeyFile != "" || !net.ParseIP(r.Listen).IsLoopback() && r.Listen != "" {
			r.KeyFile = plan.APIKeyVariable + " by docker compose up"
		}
		return r, nil
	}
	if r.TLS != nil {
		return r, fault.New(fault.Usage, "drop one of them",
			"--tls-cert, a file of this machine, and --target %s contradict each other", e.Target)
	}
	r.Listen = "0.0.0.0"
	r.KeyFile = "a secret of " + map[string]string{Swarm: "the Swarm", Kubernetes: "the cluster"}[e.Target]
	return r, nil
}
