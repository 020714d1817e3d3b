package api

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// questionTimeout limits one readiness check while waiting for a server.
	// Version 1.0.0 retries loading its models during every check, so checks are
	// not abandoned early and repeated in parallel.
	questionTimeout = 2 * time.Minute
	// maxFailures is how many checks may fail with a server error.
	maxFailures = 3
)

// failurePause is the wait after the first failure; it doubles each time.
var failurePause = time.Second

// Readiness is what the server says about whether it can process photos.
type Readiness struct {
	Ready bool
	// Loading means that it will become ready on its own.
	Loading bool
	// Failing means that the check itself failed, as in version 1.0.0 if the
	// models cannot be loaded.
	Failing bool
	// Why says why the server is not ready.
	Why string
}

// Ready requests /readiness or, if that does not exist (1.0.0), /ready, whose
// body decides: its status is 200 even while models are loading. An error means
// that there was no valid response: before the models are loaded, connections
// to the port are refused or dropped.
func (c *Client) Ready(ctx context.Context) (Readiness, error) {
	return c.readyWithin(ctx, shortTimeout)
}

func (c *Client) readyWithin(ctx context.Context, limit time.Duration) (Readiness, error) {
	var body struct {
		Ready  *bool `json:"ready"`
		Detail any   `json:"detail"`
	}
	status, err := c.getJSONWithin(ctx, limit, "/readiness", &body)
	if status == http.StatusNotFound {
		status, err = c.getJSONWithin(ctx, limit, "/ready", &body)
		if err == nil && status != http.StatusInternalServerError && body.Ready == nil {
			err = fmt.Errorf("/ready returned HTTP %d without saying whether the server is ready", status)
		}
	}
	switch {
	case status == http.StatusServiceUnavailable:
		return Readiness{Loading: true, Why: "it is loading its models"}, nil
	case status == http.StatusInternalServerError: // a plain text response
		return Readiness{Failing: true, Why: "it returns HTTP 500"}, nil
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
		return Readiness{Loading: true, Why: fmt.Sprintf("the proxy in front of it returns HTTP %d", status)}, nil
	case err != nil:
		return Readiness{}, err
	case status != http.StatusOK && body.Detail != nil:
		return Readiness{Why: fmt.Sprintf("it returns HTTP %d: %v", status, body.Detail)}, nil
	case status != http.StatusOK:
		return Readiness{Why: fmt.Sprintf("it returns HTTP %d", status)}, nil
	case body.Ready != nil && !*body.Ready:
		return Readiness{Loading: true, Why: "its models are not loaded"}, nil
	}
	return Readiness{Ready: true}, nil
}

// Answer is the result of one readiness check.
type Answer struct {
	Readiness
	Err error
}

// NeverReady is a server that fails every readiness check.
type NeverReady struct{ Why string }

func (n *NeverReady) Error() string {
	return fmt.Sprintf("%s for every readiness check; it probably cannot load its models", n.Why)
}

// Answers checks until the server is ready, fails too often (then the last
// answer's error is a *NeverReady) or ctx ends, and then closes the channel.
// There is one check at a time, and a pause of poll in between, or longer after
// a failure. To stop early, cancel ctx.
func (c *Client) Answers(ctx context.Context, poll time.Duration) <-chan Answer {
	answers := make(chan Answer)
	go func() {
		defer close(answers)
		for failures := 0; ; {
			readiness, err := c.readyWithin(ctx, questionTimeout)
			pause := poll
			if readiness.Failing {
				pause = max(poll, failurePause<<failures)
				if failures++; failures == maxFailures {
					err = &NeverReady{readiness.Why}
				}
			}
			select {
			case answers <- Answer{readiness, err}:
			case <-ctx.Done():
				return
			}
			if readiness.Ready || failures == maxFailures {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
		}
	}()
	return answers
}
