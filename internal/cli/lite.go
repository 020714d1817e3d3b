package cli

import (
	"net"
	"os"
	"strconv"
	"strings"
	"time"

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

// allowHostFlag may be there several times; the launcher sets the variable.
const allowHostFlag = "allow-host"

// serveLite reads the container's own variables, those that the published
// images know too.
func (a *app) serveLite(c *cli.Context) error {
	config := lite.Config{
		UploadDir: a.getenvOr("FACECRAFT_UPLOAD_DIR", "/app/uploads"),
		OutputDir: a.getenvOr("FACECRAFT_OUTPUT_DIR", "/app/processed"),
		Version:   a.Version,
		Log:       a.Stdout,
		Hosts:     c.StringSlice(allowHostFlag),
	}
	if own, err := os.Hostname(); err == nil { // a container's, by which others in its network reach it
		config.Hosts = append(config.Hosts, own)
	}
	if origins := a.Getenv("FACECRAFT_CORS_ORIGINS"); origins != "" {
		config.CORSOrigins = strings.FieldsFunc(origins, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if text := a.Getenv("FACECRAFT_CLEANUP_AGE_HOURS"); text != "" {
		hours, err := strconv.ParseFloat(text, 64)
		if err != nil || hours <= 0 {
			return fault.New(fault.Usage, "use a number of hours", "FACECRAFT_CLEANUP_AGE_HOURS is %q", text)
		}
		config.CleanupAge = time.Duration(hours * float64(time.Hour))
	}
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

func (a *app) getenvOr(name, fallback string) string {
	if value := a.Getenv(name); value != "" {
		return value
	}
	return fallback
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
