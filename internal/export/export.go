// Package export is the use case of `facecraft compose`: it exports a plan to a file
// for Compose, Swarm or Kubernetes.
package export

import (
	"context"
	"runtime"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/kube"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// The formats that a plan can be exported to.
const (
	Compose    = "compose"
	Swarm      = "swarm"
	Kubernetes = "kubernetes"
)

// Export says how to export a plan.
type Export struct {
	*launch.Launcher
	Command  string // the command line, for the file's header
	Target   string // one of the formats
	Profiles bool   // all variants in one Compose file
	Detect   bool   // decide for this machine
	Pin      bool   // pin the image to its digest
	Ingress  string // host name, for Kubernetes
}

// Render returns the file. The notes say what it cannot express.
func (e Export) Render(ctx context.Context, r plan.Request) (file []byte, notes []string, err error) {
	origin := compose.Origin{Version: e.Version, Command: e.Command}
	if r, err = e.guarded(r); err != nil {
		return nil, nil, err
	}
	p, err := e.plan(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	plans := []plan.Plan{p}
	switch {
	case e.Profiles:
		if plans, err = e.variants(ctx, p, r); err != nil {
			return nil, nil, err
		}
		file, notes, err = compose.RenderProfiles(plans, origin)
	case e.Target == Swarm:
		file, notes, err = compose.RenderStack(p, origin)
	case e.Target == Kubernetes:
		file, notes, err = kube.Render(p, kube.Options{Version: e.Version, Command: e.Command, Ingress: e.Ingress})
	default:
		file, notes, err = compose.Render(p, origin)
	}
	var warnings []string
	for _, p := range plans {
		warnings = append(warnings, p.Warnings...)
	}
	return file, append(warnings, notes...), err
}

// plan decides for this machine or, without examining it, for any.
func (e Export) plan(ctx context.Context, r plan.Request) (plan.Plan, error) {
	var p plan.Plan
	var err error
	if e.Detect {
		p, err = e.Decide(ctx, r)
	} else {
		p, err = e.undetected(r, "not checked (--detect=false)")
	}
	return e.pinned(ctx, p, err)
}

func (e Export) pinned(ctx context.Context, p plan.Plan, err error) (plan.Plan, error) {
	if err == nil && e.Pin {
		digest, pinErr := e.pin(ctx, p.First().Image)
		p.SetDigest(digest)
		return p, pinErr
	}
	return p, err
}

// undetected decides without facts: it takes the request as given.
func (e Export) undetected(r plan.Request, why string) (plan.Plan, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return plan.Plan{}, err
	}
	r.Elsewhere = true
	facts := plan.Facts{Host: plan.Host{OS: runtime.GOOS, Arch: runtime.GOARCH}, GPUs: plan.Unknown[[]plan.GPU](why)}
	facts.Daemon.Memory, facts.Daemon.CPUs = plan.Unknown[int64](why), plan.Unknown[int](why)
	if reference, err := launch.LiteReference(runtime.GOARCH); err == nil {
		facts.LiteImage = plan.Known(reference, "built into this program, nothing is downloaded")
	} else {
		facts.LiteImage = plan.Unknown[string](err.Error())
	}
	return plan.Make(facts, catalogue, r)
}

// variants adds the other variants that are pulled to the chosen one, on the same
// port. One that cannot run here is meant for another machine.
func (e Export) variants(ctx context.Context, chosen plan.Plan, r plan.Request) ([]plan.Plan, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	plans := []plan.Plan{chosen}
	r.Port = chosen.First().Publish.Port
	for _, v := range catalogue.Variants {
		if v.BuiltIn || v.Name == chosen.First().Variant {
			continue
		}
		r.Tag = v.Name
		if v.GPU == nil {
			r.GPUs = nil // they are for the GPU variant
		}
		p, err := e.plan(ctx, r)
		if fault.CodeOf(err) == fault.Unrunnable {
			why := err.Error()
			p, err = e.undetected(r, why)
			p.Warnings = []string{why}
			p, err = e.pinned(ctx, p, err)
		}
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// published reports whether an image's digest is the registry's. If the registry
// does not answer, it assumes so.
func (e Export) published(ctx context.Context, reference string, local images.LocalImage) bool {
	if !local.Unproven {
		return true
	}
	has, err := e.RegistryClient(ctx).Has(ctx, reference, local.Digest)
	return has || err != nil
}

// pin finds the digest of an image: that of the local one, or else the
// registry's.
func (e Export) pin(ctx context.Context, image plan.Image) (string, error) {
	if image.BuiltIn {
		return "", fault.New(fault.Usage, "drop --pin: the image's tag is already the digest of this program",
			"the image %s does not come from a registry", image.Reference)
	}
	if e.Engine != nil {
		local, err := e.Images.Inspect(ctx, image.Reference)
		if err == nil && local.Digest != "" && e.published(ctx, image.Reference, local) {
			return local.Digest, nil
		}
	}
	digest, err := e.RegistryClient(ctx).Digest(ctx, image.Reference)
	if err != nil {
		return "", launch.Offline(registry.Explain(image.Reference, err), "check the network, or drop --pin")
	}
	return digest, nil
}
