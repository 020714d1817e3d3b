package cli

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/run"
)

// tokenVariable holds the bearer token for endpoints. It is no flag: a command
// line can be read by everybody on the machine.
const tokenVariable = "FACECRAFT_TOKEN"

// endpointPoll is how often an endpoint that loads its models is asked.
const endpointPoll = time.Second

// localProcessors are the servers on this machine: those that run, or one that
// is started. They can be revived as long as the session is open.
func (s *session) localProcessors(ctx context.Context, r serverRequest) ([]*batch.Server, error) {
	first, err := s.server(ctx, r)
	if err != nil {
		return nil, err
	}
	if first.Plan != nil {
		s.app.ui.Done("facecraft (%s) is ready at %s; facecraft down stops it", first.Variant, first.URL)
	}
	replicas := []run.Server{first.Server}
	if !first.Other {
		if replicas, err = s.replicas(ctx, r); err != nil {
			return nil, err
		}
	}
	var servers []*batch.Server
	for _, replica := range replicas {
		servers = append(servers, &batch.Server{URL: replica.URL, Engine: replica.ImageID, Revive: s.reviver(replica, r.Timeout)})
	}
	return servers, nil
}

// reviver starts a server that died again, once: what kills it twice would do
// so for ever.
func (s *session) reviver(server run.Server, timeout time.Duration) func(context.Context) error {
	again := true
	return func(ctx context.Context) error {
		started, err := s.Revive(ctx, server, timeout, again)
		again = again && !started
		return err
	}
}

// replicas are the running servers that may be used: not others than were
// explicitly asked for.
func (s *session) replicas(ctx context.Context, r serverRequest) ([]run.Server, error) {
	servers, err := s.Servers(ctx)
	return slices.DeleteFunc(servers, func(server run.Server) bool {
		port := server.Port
		if server.Replica > 1 {
			port = r.Port // the one asked for is the first server's
		}
		return !server.Running() || server.URL == "" || r.Differs(server.Variant, server.Image, server.GPUs, port) != ""
	}), err
}

// endpoints are servers elsewhere. Those that do not answer are left out.
func (a *app) endpoints(ctx context.Context, addresses []string, timeout time.Duration) ([]*batch.Server, error) {
	token := a.Getenv(tokenVariable)
	servers := make([]*batch.Server, len(addresses))
	var asking sync.WaitGroup
	for i, address := range addresses {
		if err := a.checkEndpoint(address, token); err != nil {
			return nil, err
		}
		asking.Go(func() {
			server := &batch.Server{URL: strings.TrimSuffix(address, "/"), Token: token}
			if err := a.askEndpoint(ctx, server, timeout); err != nil {
				a.ui.Warn("%s is left out: %v", address, err)
				return
			}
			servers[i] = server
		})
	}
	asking.Wait()
	servers = slices.DeleteFunc(servers, func(s *batch.Server) bool { return s == nil })
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case len(servers) == 0:
		return nil, fault.New(fault.Server, "see whether it answers: curl "+addresses[0]+"/ready", "no endpoint can be used")
	}
	return servers, nil
}

func (a *app) checkEndpoint(address, token string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fault.New(fault.Usage, "write it as http://192.168.1.20:8000", "%q is no address of a server", address)
	case u.User != nil:
		return fault.New(fault.Usage, "put a bearer token into "+tokenVariable, "an endpoint's address holds no password: it would be shown")
	case u.Scheme == "http" && token != "" && !loopback(u.Hostname()):
		a.ui.Warn("the token goes to %s in clear; use https where others share the network", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// askEndpoint waits for a server that loads its models or is busy with a photo,
// and asks what it is.
func (a *app) askEndpoint(ctx context.Context, server *batch.Server, timeout time.Duration) error {
	client := api.NewWithToken(server.URL, server.Token)
	defer client.Close()
	deadline := time.Now().Add(timeout)
	for {
		readiness, err := client.Ready(ctx)
		late := time.Now().After(deadline)
		switch {
		case err != nil && (late || !api.Silent(err)):
			return err
		case readiness.Ready:
			status, err := client.Status(ctx)
			if err == nil { // one that is busy may not say it in time
				server.Engine = status.Version + " on " + status.Device.Type
			}
			return nil
		case err != nil:
			readiness.Why = "it loads its models, or is busy with a photo"
		case late || !readiness.Loading:
			return fault.New(fault.Server, "", "it is not ready: %s", readiness.Why)
		}
		a.ui.Progress("waiting for %s: %s", server.URL, readiness.Why)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(endpointPoll):
		}
	}
}
