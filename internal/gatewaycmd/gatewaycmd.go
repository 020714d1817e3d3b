// Package gatewaycmd runs in a gateway's container. It is configured by the environment
// in plan.Container.Env; keys and certificates are files.
package gatewaycmd

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/gateway"
	"github.com/djok/facecraft/internal/plan"
)

// checkTimeout limits a health check.
const checkTimeout = 5 * time.Second

// Serve runs the gateway until ctx ends.
func Serve(ctx context.Context, getenv func(string) string, log io.Writer) error {
	config, certificate, err := Read(getenv, log)
	if err != nil {
		return err
	}
	port, err := port(getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return err
	}
	return gateway.Serve(ctx, listener, config, certificate)
}

// Check checks the health of the gateway in the same container, which needs neither
// a key nor a server.
func Check(ctx context.Context, getenv func(string) string) error {
	port, err := port(getenv)
	if err != nil {
		return err
	}
	address := plan.Publish{Address: plan.Loopback, Port: port, TLS: getenv(plan.GatewayCertVariable) != ""}
	client := http.Client{Timeout: checkTimeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // it is this container
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.URL()+"/health", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP %d", response.StatusCode)
	}
	if err != nil {
		return fault.Wrap(fault.Failed, err, "", "the gateway is not healthy")
	}
	return response.Body.Close()
}
