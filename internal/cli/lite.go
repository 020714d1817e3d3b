package cli

import (
	"net"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/lite"
	"github.com/djok/facecraft/internal/plan"
)

// serveLiteCommand is the lite engine: what the helper image runs.
func (a *app) serveLiteCommand() *cli.Command {
	return &cli.Command{Name: helper.ServeCommand, Hidden: true, Action: a.serveLite, Flags: []cli.Flag{
		&cli.StringSliceFlag{Name: allowHostFlag, EnvVars: []string{plan.HostsVariable},
			Usage: "`NAME` that clients may call the server by"},
	}}
}

// allowHostFlag can be repeated; the launcher sets the variable.
const allowHostFlag = "allow-host"

func (a *app) serveLite(c *cli.Context) error {
	config, err := lite.ConfigFrom(a.Getenv)
	if err != nil {
		return err
	}
	config.Version, config.Log, config.Hosts = a.Version, a.Stdout, append(c.StringSlice(allowHostFlag), config.Hosts...)
	engine, err := lite.New(config)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(plan.ContainerPort))
	if err != nil {
		return err
	}
	return engine.Serve(c.Context, listener)
}

// checkLiteCommand is the helper image's health check, which has no curl.
func (a *app) checkLiteCommand() *cli.Command {
	return &cli.Command{Name: helper.HealthCommand, Hidden: true, Action: func(c *cli.Context) error {
		client := api.New(plan.Publish{Address: plan.Loopback, Port: plan.ContainerPort}.URL())
		defer client.Close()
		readiness, err := client.Ready(c.Context)
		if err == nil && !readiness.Ready {
			err = fault.New(fault.Failed, "", "not ready: %s", readiness.Why)
		}
		return err
	}}
}
