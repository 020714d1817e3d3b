package cli

import (
	"fmt"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/registry"
)

// fetchFlags are shared by the commands that may download an image.
func fetchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "pull", EnvVars: env("pull"), Value: launch.FetchMissing, DefaultText: launch.FetchMissing,
			Usage: "`WHEN`: always, missing, never"},
		&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, EnvVars: append(env("yes"), "FACECRAFT_YES"),
			Usage: "download without asking"},
		&cli.StringFlag{Name: "max-download", EnvVars: env("max-download"),
			Usage: "download up to `SIZE` without asking, e.g. 6GB"},
		&cli.IntFlag{Name: "connections", EnvVars: env("connections"), Value: fetch.Connections,
			Usage: "`N` connections; 0 lets Docker download"},
	}
}

func fetchingOf(c *cli.Context) (launch.Fetching, error) {
	f := launch.Fetching{When: c.String("pull"), Yes: c.Bool("yes"), Connections: c.Int("connections")}
	if f.Connections < 0 || f.Connections > fetch.MaxConnections {
		return f, fault.New(fault.Usage, fmt.Sprintf("use 1 to %d, or 0 to let Docker download", fetch.MaxConnections),
			"--connections %d is out of range", f.Connections)
	}
	switch f.When {
	case launch.FetchAlways, launch.FetchMissing, launch.FetchNever:
	default:
		return f, fault.New(fault.Usage, "use always, missing or never", "--pull %s is not valid", f.When)
	}
	if text := c.String("max-download"); text != "" {
		size, err := units.FromHumanSize(text)
		if err != nil || size <= 0 {
			return f, fault.New(fault.Usage, "use a size such as 500MB or 6GB", "--max-download %s is not a size", text)
		}
		f.Max = size
	}
	return f, nil
}

// orLite adds --lite, which needs no registry, to the remedy for a registry that
// cannot be reached.
func (a *app) orLite(err error) error {
	return launch.Offline(err, registry.Offline+"; facecraft "+a.args[1]+" --lite needs neither")
}
