package detect

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/plan"
)

// helper is the source of facts from the helper container.
const helper = "the helper container"

// askHelper runs the helper container, with a real GPU request if there may be
// a GPU. That proves what docker info can only suggest.
func (p Probes) askHelper(ctx context.Context, facts *plan.Facts, gpus []string) {
	d := &facts.Daemon
	switch {
	case p.Daemon == nil:
		return // the facts already say so
	case d.OS.Known && d.OS.Value != "linux":
		d.GPUProof = plan.Unknown[bool]("the daemon does not run Linux containers")
		return
	}
	var request *plan.GPURequest
	if !facts.GPUs.Known || len(facts.GPUs.Value) > 0 {
		request = plan.NewGPURequest(gpus)
	}
	seen := within(ctx, helperTimeout, helperGrace, helper, from(helper, func(ctx context.Context) (helperAnswer, error) {
		view, err := p.AskHelper(ctx, d.Arch.Value, request)
		if !errors.Is(err, helpercmd.ErrGPURefused) {
			return helperAnswer{Machine: view}, err
		}
		// The same container without a GPU shows what the refusal means.
		refusal := err
		view, err = p.AskHelper(ctx, d.Arch.Value, nil)
		return helperAnswer{view, refusal}, err
	}))
	d.GPUProof = proof(request != nil, seen)
	learn(&d.DiskFree, seen.Value.FreeDisk, seen)
	learn(&d.FreeMemory, seen.Value.FreeMemory, seen)
}

// learn records a number that the helper container saw. If it saw none, the
// fact stays unchanged.
func learn(fact *plan.Fact[int64], value int64, seen plan.Fact[helperAnswer]) {
	switch {
	case value > 0:
		*fact = plan.Known(value, helper)
	case !fact.Known && !seen.Known:
		fact.Evidence = seen.Evidence
	}
}

// helperAnswer is what the helper container saw, and why it got no GPU.
type helperAnswer struct {
	helpercmd.Machine
	refusal error
}

// proof is the conclusion from what the helper container saw.
func proof(asked bool, seen plan.Fact[helperAnswer]) plan.Fact[bool] {
	switch {
	case !asked:
		return plan.Unknown[bool]("not requested, because no NVIDIA GPU was detected")
	case !seen.Known:
		return plan.Unknown[bool](seen.Evidence)
	case seen.Value.refusal != nil:
		return plan.Known(false, seen.Value.refusal.Error())
	case len(seen.Value.Devices) == 0:
		return plan.Known(false, "a container that requested a GPU was started without one")
	}
	return plan.Known(true, fmt.Sprintf("a container that requested a GPU has %s", strings.Join(seen.Value.Devices, ", ")))
}
