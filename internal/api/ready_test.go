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

// failing is a server of version 1.0.0 whose models cannot be loaded: each
// question takes a whole attempt, and ends in 500 and plain text.
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

// Each question loads the models anew, so there are few, one after the other,
// with pauses that grow.
func TestQuestionsToAServerThatCannotLoad(t *testing.T) {
	t.Parallel()
	var asked, atOnce, highest atomic.Int32
	client := serve(t, failing(&asked, &atOnce, &highest, 50*time.Millisecond))
	begin := time.Now()
	var last Answer
	for last = range client.Answers(t.Context(), time.Millisecond) {
		if !last.Failing || last.Ready || last.Why != "it answers HTTP 500" {
			t.Errorf("answer %+v", last)
		}
	}
	var never *NeverReady
	if !errors.As(last.Err, &never) || !strings.Contains(last.Err.Error(), "HTTP 500") || !strings.Contains(last.Err.Error(), "cannot load its models") {
		t.Errorf("it ends with %v", last.Err)
	}
	if asked.Load() != maxFailures || highest.Load() != 1 {
		t.Errorf("%d questions, %d at once", asked.Load(), highest.Load())
	}
	if took := time.Since(begin); took < 3*failurePause {
		t.Errorf("no pauses that grow: three questions in %v", took)
	}
}

// A question that takes longer than others is waited for, not asked again.
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
		t.Errorf("it was asked %d times", asked.Load())
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

// Who is not let in learns how to show a token, and who showed one that it is
// wrong.
func TestNoAccessNamesTheToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{"": "set FACECRAFT_TOKEN to its bearer token", "wrong": "it rejects the token in FACECRAFT_TOKEN"} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		client.token = token
		_, ready := client.Ready(t.Context())
		_, process := client.Process(t.Context(), upload("x"), DefaultOptions())
		for _, err := range []error{ready, process} {
			if !errors.As(err, new(*Foreign)) || !strings.Contains(fmt.Sprint(err), want) || token != "" && strings.Contains(err.Error(), token) {
				t.Errorf("with the token %q: %v", token, err)
			}
		}
	}
}

// A proxy before a server that is restarted is waited for.
func TestGateway(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		client := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<h1>nginx</h1>", status) })
		if r, err := client.Ready(t.Context()); err != nil || r.Ready || r.Failing || !r.Loading || r.Why == "" {
			t.Errorf("%d: %+v, %v", status, r, err)
		}
	}
}
