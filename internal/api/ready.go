package api

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// questionTimeout bounds one question while a server is waited for. A
	// server that cannot load its models tries to for each question (1.0.0),
	// so none is given up early and asked anew beside the first.
	questionTimeout = 2 * time.Minute
	// maxFailures is how many questions may end in a failure of the server.
	maxFailures = 3
)

// failurePause follows the first failure; it doubles with each.
var failurePause = time.Second

// Readiness is the server's own word on whether it can work.
type Readiness struct {
	Ready bool
	// Loading tells that it will be ready without help.
	Loading bool
	// Failing tells that it failed over the question: 1.0.0 does that when it
	// cannot load its models.
	Failing bool
	// Why says what a server that is not ready answered.
	Why string
}

// Ready asks /readiness and, where that does not exist (1.0.0), /ready, whose
// body decides: it answers 200 also while the models load. An error means
// that nothing answered the contract: before the models are loaded the port
// refuses connections, or drops them.
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
			err = fmt.Errorf("/ready answered HTTP %d without saying whether it is ready", status)
		}
	}
	switch {
	case status == http.StatusServiceUnavailable:
		return Readiness{Loading: true, Why: "it is loading its models"}, nil
	case status == http.StatusInternalServerError: // in plain text
		return Readiness{Failing: true, Why: "it answers HTTP 500"}, nil
	case status == http.StatusBadGateway || status == http.StatusGatewayTimeout:
		return Readiness{Loading: true, Why: fmt.Sprintf("the proxy before it answers HTTP %d", status)}, nil
	case err != nil:
		return Readiness{}, err
	case status != http.StatusOK && body.Detail != nil:
		return Readiness{Why: fmt.Sprintf("it answers HTTP %d: %v", status, body.Detail)}, nil
	case status != http.StatusOK:
		return Readiness{Why: fmt.Sprintf("it answers HTTP %d", status)}, nil
	case body.Ready != nil && !*body.Ready:
		return Readiness{Loading: true, Why: "its models are not loaded"}, nil
	}
	return Readiness{Ready: true}, nil
}

// Answer is one to the question whether a server is ready.
type Answer struct {
	Readiness
	Err error
}

// NeverReady is a server that fails each time it is asked whether it is ready.
type NeverReady struct{ Why string }

func (n *NeverReady) Error() string {
	return fmt.Sprintf("%s each time it is asked whether it is ready: it probably cannot load its models", n.Why)
}

// Answers asks until the server is ready, fails too often (then the last
// answer's error is a *NeverReady), or ctx ends; then the channel is closed.
// Each question waits for the answer to the one before, and then for poll, or
// longer after a failure. Whoever does not want all answers ends ctx.
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
