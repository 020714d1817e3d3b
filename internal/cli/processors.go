package cli

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/run"
)

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
	s.processors = map[string]run.Server{}
	for _, replica := range replicas {
		s.processors[replica.URL] = replica
		servers = append(servers, &batch.Server{URL: replica.URL, Engine: replica.ImageID, Revive: s.reviver(replica, r.Timeout)})
	}
	return servers, nil
}

// reviver brings a server back: one that somebody restarted is waited for, one
// that somebody ended is started again once, and one that died by itself as
// often as may be.
func (s *session) reviver(server run.Server, timeout time.Duration) func(context.Context, bool) (bool, error) {
	ended := false
	return func(ctx context.Context, again bool) (byOrder bool, err error) {
		revival, err := s.Revive(ctx, server, timeout, func(byOrder bool) bool {
			if byOrder {
				return !ended
			}
			return again
		})
		ended = ended || revival.Started && revival.ByOrder
		return revival.ByOrder, err
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

// swapsRedAndBlue tells whether a server's version is one that does. The
// built-in engine has versions of its own, and removes no backgrounds.
func swapsRedAndBlue(s api.Status) bool {
	catalogue, err := catalog.Load()
	return err == nil && catalogue.SwapsRedAndBlue(s.Version) && s.Claims("background_remover")
}

// checkEndpointFlags refuses flags that say how a server is to be started here,
// beside endpoints, which run already. What the environment sets for every
// command is left alone.
func (a *app) checkEndpointFlags(c *cli.Context) error {
	if !c.IsSet("endpoint") {
		return nil
	}
	for _, flag := range slices.Concat(requestFlags(), fetchFlags()) {
		name := flag.Names()[0]
		ambient := slices.ContainsFunc(flag.(cli.DocGenerationFlag).GetEnvVars(), func(variable string) bool { return a.Getenv(variable) != "" })
		if c.IsSet(name) && !ambient {
			return fault.New(fault.Usage, "leave out --"+name+", or --endpoint to use a server on this machine",
				"--%s is for servers started here, and --endpoint uses one that is already running", name)
		}
	}
	return nil
}

// endpoints are servers elsewhere. Those that do not answer are left out.
func (a *app) endpoints(ctx context.Context, addresses []string, timeout time.Duration) ([]*batch.Server, error) {
	token := a.Getenv(api.TokenVariable)
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
		return fault.New(fault.Usage, "put a bearer token into "+api.TokenVariable, "an endpoint's address holds no password: it would be shown")
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
	if err := a.awaitEndpoint(ctx, client, timeout); err != nil {
		return err
	}
	if status, err := client.Status(ctx); err == nil { // one that is busy may not say it in time
		server.Engine = status.Version + " on " + status.Device.Type
	}
	return nil
}

// awaitEndpoint returns when a server is ready, or says why it is not waited
// for any longer.
func (a *app) awaitEndpoint(ctx context.Context, client *api.Client, timeout time.Duration) error {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	answers, begin := client.Answers(asking, endpointPoll), time.Now()
	late, tick := time.After(timeout), time.NewTicker(endpointPoll)
	defer tick.Stop()
	const silent = "it is loading its models, or busy with a photo"
	why := silent
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case answer, open := <-answers:
			switch {
			case !open:
				return ctx.Err()
			case answer.Ready:
				return nil
			case answer.Err != nil && !api.Silent(answer.Err):
				return answer.Err
			case answer.Err == nil && !answer.Loading && !answer.Failing:
				return fault.New(fault.Server, "", "it is not ready: %s", answer.Why)
			}
			if why = answer.Why; answer.Err != nil {
				why = silent
			}
		case <-late:
			return fault.New(fault.Server, "wait longer with --timeout", "it was not ready after %s: %s", timeout, why)
		case <-tick.C:
			a.ui.Progress("%d s: waiting for %s: %s", int(time.Since(begin).Seconds()), client.URL(""), why)
		}
	}
}
