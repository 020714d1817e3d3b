// Package engine is the connection to Docker: which daemon, by which context or
// variable, and one clear error if it cannot be reached. Only this package
// constructs the API client, so a move to its successor
// (github.com/moby/moby/client) starts here.
package engine

import (
	"context"
	"net"
	"net/url"
	"time"

	"github.com/docker/cli/cli/connhelper"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/fault"
)

// connectTimeout limits the first request to the daemon; over SSH it includes
// the whole handshake.
const connectTimeout = 15 * time.Second

// Engine is a connection to a daemon that responded.
type Engine struct {
	client.APIClient
	Endpoint Endpoint
}

// Connect finds the daemon through the environment and checks that it responds.
// The error is a *fault.Fault with a remedy. The caller closes the Engine.
func Connect(ctx context.Context, env Env) (*Engine, error) {
	endpoint, err := Resolve(env.Getenv)
	if err != nil {
		return nil, err
	}
	if endpoint.Note != "" && env.Warn != nil {
		env.Warn(endpoint.Note)
	}
	docker, err := newClient(endpoint)
	if err != nil {
		return nil, unusable(endpoint, err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	ping, err := docker.Ping(pingCtx)
	if err != nil {
		docker.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, env.explain(endpoint, err)
	}
	docker.NegotiateAPIVersionPing(ping) // otherwise the first request would ping again
	if err := checkVersion(pingCtx, docker, endpoint); err != nil {
		docker.Close()
		return nil, err
	}
	return &Engine{APIClient: docker, Endpoint: endpoint}, nil
}

// checkVersion checks whether the daemon supports the version that the user
// chose, which a ping does not.
func checkVersion(ctx context.Context, docker *client.Client, endpoint Endpoint) error {
	if endpoint.apiVersion == "" {
		return nil
	}
	_, err := docker.ServerVersion(ctx)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Wrap(fault.Unrunnable, err, "unset DOCKER_API_VERSION",
		"Docker does not support API version %s, from DOCKER_API_VERSION", endpoint.apiVersion)
}

func newClient(endpoint Endpoint) (*client.Client, error) {
	// An old daemon rejects the client's newest API version.
	options := []client.Opt{client.WithAPIVersionNegotiation()}
	if endpoint.apiVersion != "" {
		options = append(options, client.WithVersion(endpoint.apiVersion))
	}
	helper, err := connhelper.GetConnectionHelper(endpoint.Host) // ssh:// only
	switch {
	case err != nil:
		return nil, err
	case helper != nil:
		options = append(options, client.WithHost(helper.Host), client.WithDialContext(helper.Dialer))
	case endpoint.tls != nil:
		httpClient, err := endpoint.httpClient()
		if err != nil {
			return nil, err
		}
		options = append(options, client.WithHTTPClient(httpClient), client.WithHost(endpoint.Host))
	default:
		options = append(options, client.WithHost(endpoint.Host))
	}
	return client.NewClientWithOpts(options...)
}

// Local reports whether the daemon runs on this machine, including in a virtual
// machine on it.
func (e Endpoint) Local() bool {
	address, err := url.Parse(e.Host)
	if err != nil {
		return false
	}
	switch address.Scheme {
	case "unix", "npipe":
		return true
	case "tcp", "http", "https":
		host := address.Hostname()
		return host == "localhost" || net.ParseIP(host).IsLoopback()
	}
	return false
}
