package cli

import (
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/apikey"
	"github.com/djok/facecraft/internal/gatewaycmd"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/tlsfiles"
)

// gatewayFlags are shared by the commands that can put a gateway in front of the
// servers.
func gatewayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "gateway", EnvVars: env("gateway"),
			Usage: "one guarded address for all servers; =false: none"},
		&cli.StringFlag{Name: "api-key-file", EnvVars: env("api-key-file"),
			Usage: "`FILE` of the gateway's keys, one a line"},
		&cli.StringFlag{Name: "tls-cert", EnvVars: env("tls-cert"), Usage: "certificate `FILE` for HTTPS at the gateway"},
		&cli.StringFlag{Name: "tls-key", EnvVars: env("tls-key"), Usage: "`FILE` of its private key"},
	}
}

// gatewayImageFlag is for the commands that describe a gateway for other machines.
func gatewayImageFlag() cli.Flag {
	return &cli.StringFlag{Name: "gateway-image", EnvVars: env("gateway-image"),
		Usage: "`REF` of the gateway's image, from facecraft push"}
}

// gatewayRequest reads gatewayFlags and gatewayImageFlag. The keys are kept apart from the request,
// which is printed and stored.
func (a *app) gatewayRequest(c *cli.Context, r *plan.Request) (err error) {
	r.GatewayImage = c.String("gateway-image")
	if c.IsSet("gateway") {
		wanted := c.Bool("gateway")
		r.Gateway = &wanted
	}
	if file := c.String("api-key-file"); file != "" {
		if r.KeyFile, err = filepath.Abs(file); err != nil {
			return err
		}
		if err := a.readKeys(r.KeyFile); err != nil {
			return err
		}
	}
	cert, key, err := tlsfiles.Absolute(c.String("tls-cert"), c.String("tls-key"))
	if cert != "" {
		r.TLS = &plan.TLS{Cert: cert, Key: key}
	}
	return err
}

// readKeys uses the keys in a file instead of those in the environment.
func (a *app) readKeys(path string) error {
	text, keys, err := apikey.ReadFile(path)
	if err != nil {
		return err
	}
	for _, key := range keys {
		a.ui.Hide(key.Value)
	}
	a.secrets[plan.APIKeyVariable] = text
	return nil
}

// gatewayCommands run in a gateway's container: the gateway and its health check.
func (a *app) gatewayCommands() []*cli.Command {
	return []*cli.Command{
		{Name: plan.ServeGatewayCommand, Hidden: true, Action: func(c *cli.Context) error {
			return gatewaycmd.Serve(c.Context, a.Getenv, a.Stdout)
		}},
		{Name: plan.CheckGatewayCommand, Hidden: true, Action: func(c *cli.Context) error {
			return gatewaycmd.Check(c.Context, a.Getenv)
		}},
	}
}
