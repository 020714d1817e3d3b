package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// failing is a server of version 1.0.0 whose models cannot be loaded: each check
// takes as long as a loading attempt, and returns 500 with plain text.
func failing(asked, atOnce, highest *atomic.Int32, takes time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readiness" {
			http.Error(w, `{"detail":"Not Found"}`, http.StatusNotFound)
			return
		}
		asked.Add(1)
		highest.Store(max(highest.Load(), atOnce.Add(1)))
		time.Sleep(takes)
		atOnce.Add(-1)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	}
}

// Every check loads the models again, so there are few checks, one at a time,
// with growing pauses.
func TestQuestionsToAServerThatCannotLoad(t *testing.T) {
	t.Parallel()
	var asked, atOnce, highest atomic.Int32
	client := serve(t, failing(&asked, &atOnce, &highest, 50*time.Millisecond))
	begin := time.Now()
	var last Answer
	for last = range client.Answers(t.Context(), time.Millisecond) {
		if !last.Failing || last.Ready || last.Why != "it returns HTTP 500" {
			t.Errorf("answer %+v", last)
		}
	}
	var never *NeverReady
	if !errors.As(last.Err, &never) || !strings.Contains(last.Err.Error(), "HTTP 500") ||
		!strings.Contains(last.Err.Error(), "cannot load its models") {
		t.Errorf("the last error is %v", last.Err)
	}
	if asked.Load() != maxFailures || highest.Load() != 1 {
		t.Errorf("%d checks, %d at once", asked.Load(), highest.Load())
	}
	if took := time.Since(begin); took < 3*failurePause {
		t.Errorf("the pauses do not grow: three checks in %v", took)
	}
}

// A slow check is waited for, not repeated.
func TestLongQuestion(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		time.Sleep(shortTimeout + 500*time.Millisecond)
		fmt.Fprint(w, `{"ready":true}`)
	})
	for answer := range client.Answers(t.Context(), time.Millisecond) {
		if !answer.Ready || answer.Err != nil {
			t.Errorf("answer %+v", answer)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("%d checks", asked.Load())
	}
}

func TestAnswersEndWithTheirContext(t *testing.T) {
	t.Parallel()
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ready":false}`) })
	ctx, cancel := context.WithCancel(t.Context())
	answers := client.Answers(ctx, time.Millisecond)
	if first := <-answers; !first.Loading || first.Failing {
		t.Errorf("answer %+v", first)
	}
	cancel()
	for range answers {
	}
}

// Denied access leads to advice on the token: set one, or the one sent is wrong.
func TestNoAccessNamesTheToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		"":      "set FACECRAFT_TOKEN to its bearer token",
		"wrong": "it rejected the token in FACECRAFT_TOKEN",
	} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		client.token = token
		_, ready := client.Ready(t.Context())
		_, process := client.Process(t.Context(), upload("x"), DefaultOptions())
		for _, err := range []error{ready, process} {
			if !errors.As(err, new(*UnexpectedResponse)) || !strings.Contains(fmt.Sprint(err), want) ||
				token != "" && strings.Contains(err.Error(), token) {
				t.Errorf("with the token %q: %v", token, err)
			}
		}
	}
}

// A restarting server behind a proxy is waited for.
func TestGateway(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>nginx</h1>", status) })
		if r, err := client.Ready(t.Context()); err != nil || r.Ready || r.Failing || !r.Loading || r.Why == "" {
			t.Errorf("%d: %+v, %v", status, r, err)
		}
	}
}
