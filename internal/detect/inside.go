package detect

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/inside"
	"github.com/djok/facecraft/internal/plan"
)

// helper names the source of what the helper container sees.
const helper = "the helper container"

// lookInside starts the helper container: with the real GPU request where
// there may be a GPU, which proves what docker info can only suggest.
func (p Probes) lookInside(ctx context.Context, facts *plan.Facts, gpus []string) {
	d := &facts.Daemon
	switch {
	case p.Daemon == nil:
		return // the facts say so already
	case d.OS.Known && d.OS.Value != "linux":
		d.GPUProof = plan.Unknown[bool]("the daemon runs no Linux containers")
		return
	}
	var request *plan.GPURequest
	if !facts.GPUs.Known || len(facts.GPUs.Value) > 0 {
		request = plan.NewGPURequest(gpus)
	}
	seen := within(ctx, helperTimeout, helper, from(helper, func(ctx context.Context) (sight, error) {
		view, err := p.Inside(ctx, d.Arch.Value, request)
		if !errors.Is(err, inside.ErrRefused) {
			return sight{View: view}, err
		}
		// What a refusal means shows when the same container is started
		// without a GPU.
		refusal := err
		view, err = p.Inside(ctx, d.Arch.Value, nil)
		return sight{view, refusal}, err
	}))
	d.GPUProof = proof(request != nil, seen)
	if free := seen.Value.FreeDisk; free > 0 {
		d.DiskFree = plan.Known(free, helper)
	}
	if free := seen.Value.FreeMemory; free > 0 {
		d.FreeMemory = plan.Known(free, helper)
	}
}

// sight is what the helper container sees, and why it got no GPU.
type sight struct {
	inside.View
	refusal error
}

// proof says what follows from the helper container's view.
func proof(asked bool, seen plan.Fact[sight]) plan.Fact[bool] {
	switch {
	case !asked:
		return plan.Unknown[bool]("not asked for, since no NVIDIA GPU was seen")
	case !seen.Known:
		return plan.Unknown[bool](seen.Evidence)
	case seen.Value.refusal != nil:
		return plan.Known(false, seen.Value.refusal.Error())
	case len(seen.Value.Devices) == 0:
		return plan.Known(false, "a container that asked for a GPU was started without one")
	}
	return plan.Known(true, fmt.Sprintf("a container that asked for a GPU has %s", strings.Join(seen.Value.Devices, ", ")))
}
