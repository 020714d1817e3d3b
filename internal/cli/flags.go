package cli

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
)

// flagPrefix keeps the flags' variables apart from the container's own, which
// also begin with FACECRAFT_; imageVariable is that of --image.
const (
	flagPrefix    = "FACECRAFT_CLI_"
	imageVariable = "FACECRAFT_IMAGE"
)

// env names the environment source of a flag.
func env(flag string) []string {
	return []string{flagPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))}
}

// requestFlags are shared by all commands that make a plan.
func requestFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringFlag{Name: "tag", Aliases: []string{"t"}, EnvVars: env("tag"),
			Usage: "`VARIANT`: auto (the default), cpu, gpu or lite"},
		&cli.BoolFlag{Name: "lite", EnvVars: env("lite"),
			Usage: "short for --tag lite: no download, no AI models"},
		&cli.StringFlag{Name: "gpus", EnvVars: env("gpus"), DefaultText: "all suitable",
			Usage: "`GPUS` by index or UUID"},
		&cli.StringFlag{Name: "image", EnvVars: []string{imageVariable},
			Usage: "image `REF` to run: your own build or a mirror"},
		&cli.IntFlag{Name: "port", Aliases: []string{"p"}, EnvVars: env("port"), DefaultText: "the first free one",
			Usage: "`PORT` on this machine"},
		&cli.StringFlag{Name: "listen", EnvVars: env("listen"), DefaultText: plan.Loopback,
			Usage: "`ADDRESS` to listen on"},
		&cli.StringFlag{Name: "restart", EnvVars: env("restart"),
			Usage: "`POLICY`: on-failure, unless-stopped or always"},
		&cli.StringFlag{Name: "replicas", EnvVars: env("replicas"), DefaultText: "1",
			Usage: "`N` servers; auto: as many as fit"},
	}, containerFlags())
}

func (a *app) request(c *cli.Context) (plan.Request, error) {
	r := plan.Request{Instance: a.instance(), Tag: c.String("tag"), Image: c.String("image"),
		Port: c.Int("port"), Listen: c.String("listen"), Restart: c.String("restart")}
	if c.IsSet("gpus") {
		r.GPUs = strings.Split(c.String("gpus"), ",")
	}
	if c.Bool("lite") {
		if r.Tag != "" && r.Tag != plan.Lite {
			return r, fault.New(fault.Usage, "drop one of them", "--lite and --tag %s contradict each other", r.Tag)
		}
		r.Tag = plan.Lite
	}
	var err error
	if r.Replicas, err = replicas(c.String("replicas")); err != nil {
		return r, err
	}
	if c.IsSet("port") && r.Port <= 0 {
		return r, fault.New(fault.Usage, "use a port from 1 to 65535", "port %d is out of range", r.Port)
	}
	if err := checkImage(r.Image); err != nil {
		return r, err
	}
	if err := a.containerRequest(c, &r); err != nil {
		return r, err
	}
	if err := a.gatewayRequest(c, &r); err != nil {
		return r, err
	}
	catalogue, err := catalogue.Load()
	if err != nil {
		return r, err
	}
	// Before examining anything, and even if a server is already running.
	return r, r.Validate(catalogue)
}

// checkImage refuses what the daemon would not accept as an image's name or
// digest.
func checkImage(text string) error {
	if text == "" {
		return nil
	}
	if _, err := reference.ParseAnyReference(text); err != nil {
		return fault.Wrap(fault.Usage, err, "use REGISTRY/REPOSITORY:TAG", "%q is not an image reference", text)
	}
	return nil
}

// replicas reads the flag: a number, auto, or nothing.
func replicas(text string) (int, error) {
	switch text {
	case "":
		return 0, nil
	case plan.Auto:
		return plan.AutoReplicas, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.New(fault.Usage, "use a number from 1 up, or auto", "%q is not a number of servers", text)
	}
	return n, nil
}

// startFlags are shared by the commands that may start a server.
func startFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "timeout", EnvVars: env("timeout"), Value: 300 * time.Second,
			Usage: "wait up to `DURATION` for readiness"},
		quietFlag(),
	}
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, EnvVars: env("quiet"),
		Usage: "print only warnings and errors"}
}

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", EnvVars: env("json"), Usage: "print JSON to standard output"}
}

// hush takes --quiet into account before a command says anything.
func (a *app) hush(c *cli.Context) error {
	a.ui.Hush(c.Bool("quiet"))
	return nil
}

// serverRequest reads the flags of a command that may start a server.
func (a *app) serverRequest(c *cli.Context) (r launch.ServerRequest, err error) {
	if r.Request, err = a.request(c); err != nil {
		return r, err
	}
	if r.Fetch, err = fetchingOf(c); err != nil {
		return r, err
	}
	r.Timeout, err = timeoutOf(c)
	return r, err
}

// timeoutOf is how long a server may take to become ready.
func timeoutOf(c *cli.Context) (time.Duration, error) {
	timeout := c.Duration("timeout")
	if timeout <= 0 {
		return 0, fault.New(fault.Usage, "use a time such as 90s or 10m", "--timeout %s is not a valid duration", timeout)
	}
	return timeout, nil
}
