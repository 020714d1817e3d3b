package launch

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
)

// endpointPoll is how often to poll an endpoint that is loading its models.
const endpointPoll = time.Second

// Endpoints are servers elsewhere, without those that do not answer. token is a
// bearer token for all of them, or "".
func Endpoints(ctx context.Context, ui UI, token string, addresses []string,
	timeout time.Duration) ([]*batch.Server, error) {
	var all []string
	for _, address := range addresses {
		if err := checkEndpoint(ui, address, token); err != nil {
			return nil, err
		}
		all = append(all, eachAddress(ctx, net.DefaultResolver.LookupIP, address, token)...)
	}
	servers, errs := make([]*batch.Server, len(all)), make([]error, len(all))
	var asking sync.WaitGroup
	for i, address := range all {
		asking.Go(func() {
			server := &batch.Server{URL: strings.TrimSuffix(address, "/"), Token: token}
			if err := askEndpoint(ctx, ui, server, timeout); err != nil {
				errs[i] = err
				ui.Warn("skipping %s: %v", address, err)
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
		return nil, fault.New(fault.Server, endpointRemedy(all[0], errs[0]), "no usable endpoint")
	}
	return servers, nil
}

// endpointRemedy is what helps with an endpoint that cannot be used.
func endpointRemedy(address string, err error) string {
	var unexpected *api.UnexpectedResponse
	switch hint := fault.HintOf(err); {
	case hint != "":
		return hint
	case errors.As(err, &unexpected) && unexpected.Denied:
		return "export " + api.TokenVariable + "=TOKEN, with the bearer token of " + address
	case errors.As(err, new(*api.NeverReady)):
		return "check that server's log for the model it could not load"
	}
	return "check whether it answers: curl " + address + "/ready"
}

func checkEndpoint(ui UI, address, token string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fault.New(fault.Usage, "write it as http://192.168.1.20:8000", "%q is not a server address", address)
	case u.User != nil:
		return fault.New(fault.Usage, "put a bearer token into "+api.TokenVariable,
			"an endpoint URL must not contain a password, because it is shown")
	case u.Scheme == "http" && token != "" && !loopback(u.Hostname()):
		ui.Warn("the token is sent to %s unencrypted; use https on a shared network", u.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// askEndpoint waits for a server that is loading its models or is busy with a
// photo, and asks what it is.
func askEndpoint(ctx context.Context, ui UI, server *batch.Server, timeout time.Duration) error {
	client := api.NewWithToken(server.URL, server.Token)
	defer client.Close()
	if err := awaitEndpoint(ctx, ui, client, timeout); err != nil {
		return err
	}
	if status, err := client.Status(ctx); err == nil { // a busy one may not answer in time
		server.ImageID = status.Version + " on " + status.Device.Type
	}
	return nil
}

// awaitEndpoint returns when a server is ready, or says why it stopped waiting.
func awaitEndpoint(ctx context.Context, ui UI, client *api.Client, timeout time.Duration) error {
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
			ui.Progress("%s: waiting for %s: %s", format.InSeconds(time.Since(begin)), client.URL(""), why)
		}
	}
}
