package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/containers"
	"github.com/djok/facecraft/internal/plan"
)

// This file decides whether a running server is what was asked for.

// Unfit says how a running server differs from what a request explicitly asks
// for, or returns "". It knows what the daemon's list of containers shows;
// NeedsComparison reports whether there is more to compare.
func Unfit(s Server, r plan.Request) string {
	asked := plan.NewGPURequest(r.GPUs).String()
	switch {
	case r.Tag != "" && r.Tag != plan.Auto && s.Variant == "":
		return "its variant is unknown and may not be " + r.Tag
	case r.Tag != "" && r.Tag != plan.Auto && r.Tag != s.Variant:
		return "it is the " + s.Variant + " variant, not " + r.Tag
	case r.Image != "" && plan.ShortName(r.Image) != plan.ShortName(s.Image):
		return "it runs " + s.Image + ", not " + r.Image
	case len(r.GPUs) > 0 && asked != s.GPUs:
		return "it uses the GPUs " + s.GPUs + ", not " + asked
	case r.Port != 0 && r.Port != s.Port:
		return fmt.Sprintf("it is on port %d, not %d", s.Port, r.Port)
	}
	return ""
}

// UnfitReplicas says how the number of running servers differs from the one
// that a request asks for, or returns "".
func UnfitReplicas(running int, r plan.Request) string {
	if r.Replicas > 0 && r.Replicas != running {
		if running == 1 {
			return fmt.Sprintf("there is 1 server, not %d", r.Replicas)
		}
		return fmt.Sprintf("there are %d servers, not %d", running, r.Replicas)
	}
	return ""
}

// NeedsComparison reports whether a request sets anything that only a
// comparison with the plan's container can find: Differences.
func NeedsComparison(r plan.Request) bool {
	asked := func(s plan.Secret) bool { return !s.Ambient }
	return r.Gateway != nil || r.KeyFile != "" || r.TLS != nil || r.Listen != "" || r.Restart != "" ||
		r.Data != "" || len(r.Env) > 0 || slices.ContainsFunc(r.Secrets, asked)
}

// Differences lists how a server differs from the plan's container, whoever
// started it; empty if it does not. Secrets are the plan's, by name: their
// values are not part of the hash.
func (r *Runner) Differences(ctx context.Context, s Server, c plan.Container,
	secrets map[string]string) ([]string, error) {
	if s.Plan == c.Hash() && len(c.Secrets) == 0 {
		return nil, nil
	}
	inspect, err := r.Docker.ContainerInspect(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	image, err := r.Docker.ImageInspect(ctx, inspect.Image)
	if err != nil {
		return nil, err
	}
	var imageEnv []string
	if image.Config != nil {
		imageEnv = image.Config.Env
	}
	have, want := traitsOf(inspect, imageEnv), traitsWanted(c, secrets, imageEnv)
	var list []string
	for i := range have {
		if have[i].value != want[i].value {
			list = append(list, fmt.Sprintf("%s: %s, not %s", have[i].what, only(have[i].value, want[i].value),
				only(want[i].value, have[i].value)))
		}
	}
	for _, wanted := range containers.Environment(c, secrets) {
		// Its current value may be a secret.
		name, _, _ := strings.Cut(wanted, "=")
		i := slices.IndexFunc(inspect.Config.Env, func(have string) bool { return strings.HasPrefix(have, name+"=") })
		if i >= 0 && inspect.Config.Env[i] != wanted {
			list = append(list, "environment: "+name+" has a different value")
		}
	}
	return list, nil
}
