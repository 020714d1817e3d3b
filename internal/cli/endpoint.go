package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
)

// checkEndpointFlags refuses flags about starting a local server together with
// --endpoint, whose servers are already running. What the environment or the
// configuration file sets for every command is accepted.
func (a *app) checkEndpointFlags(c *cli.Context) error {
	if !c.IsSet("endpoint") || a.settings.Sets("endpoint") {
		return nil
	}
	for _, flag := range slices.Concat(requestFlags(), gatewayFlags(), fetchFlags()) {
		name := flag.Names()[0]
		ambient := slices.ContainsFunc(flag.(cli.DocGenerationFlag).GetEnvVars(), func(variable string) bool {
			return a.Getenv(variable) != ""
		})
		if c.IsSet(name) && !ambient {
			return fault.New(fault.Usage, "drop --"+name+", or drop --endpoint to use a server on this machine",
				"--%s applies to servers started here, but --endpoint uses one that is already running", name)
		}
	}
	return nil
}
