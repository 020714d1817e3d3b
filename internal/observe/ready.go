package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	pollInterval = 100 * time.Millisecond
	// askTimeout is for questions: a server that processes a photo may be
	// silent for long.
	askTimeout = 75 * time.Second
	// maxFailures is how often a server may answer 500 to whether it is ready:
	// each answer may be a whole attempt to load the models.
	maxFailures = 3
	maxAnswer   = 1 << 20
)

// answer is a status and the beginning of a body.
type answer struct {
	status int
	body   string
	header http.Header
}

func (w *watcher) ask(ctx context.Context, method, path string, headers map[string]string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, base+path, nil)
	if err != nil {
		return answer{}, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := w.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return answer{response.StatusCode, strings.TrimSpace(string(body)), response.Header}, err
}

// waitReady asks one question at a time, none beside another.
func (w *watcher) waitReady(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.order.Patience)
	defer cancel()
	failures := 0
	for {
		ready, a, err := w.ready(ctx)
		switch {
		case ready:
			w.seen.Ready, w.seen.ReadyAt, w.seen.Problem = true, time.Now(), ""
			return
		case err != nil:
			w.seen.Problem = "no answer: " + err.Error()
		default:
			w.seen.Problem = fmt.Sprintf("it answers %d %.120s", a.status, a.body)
		}
		if a.status >= 500 && a.status != http.StatusServiceUnavailable {
			failures++
		}
		if failures >= maxFailures {
			return
		}
		select {
		case <-ctx.Done():
			w.seen.Problem = fmt.Sprintf("not ready after %s; %s", w.order.Patience, w.seen.Problem)
			return
		case <-time.After(pollInterval * time.Duration(1+10*failures)):
		}
	}
}

// ready asks /readiness, and /ready of servers that do not know it. The body
// decides.
func (w *watcher) ready(ctx context.Context) (bool, answer, error) {
	path := "/readiness"
	a, err := w.ask(ctx, http.MethodGet, path, nil)
	if err == nil && a.status == http.StatusNotFound {
		path = "/ready"
		a, err = w.ask(ctx, http.MethodGet, path, nil)
	}
	if err != nil || a.status/100 != 2 {
		return false, a, err
	}
	body := struct{ Ready *bool }{}
	says := json.Unmarshal([]byte(a.body), &body) == nil && body.Ready != nil
	if says && !*body.Ready && w.seen.Early == "" {
		w.seen.Early = fmt.Sprintf("GET %s: %d %.100s", path, a.status, a.body)
	}
	return says && *body.Ready || !says && path == "/readiness", a, nil
}

func (w *watcher) device(ctx context.Context) string {
	a, err := w.ask(ctx, http.MethodGet, "/status", nil)
	var status struct{ Device struct{ Type string } }
	if err != nil || json.Unmarshal([]byte(a.body), &status) != nil {
		return ""
	}
	return status.Device.Type
}

// busy processes a photo and asks meanwhile, as a health check does.
func (w *watcher) busy(ctx context.Context) {
	if !w.order.Busy {
		return
	}
	done := make(chan struct{})
	go func() {
		w.photo(ctx, 0)
		close(done)
	}()
	for {
		asked := time.Now()
		w.ready(ctx)
		w.seen.Silent = max(w.seen.Silent, time.Since(asked))
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-time.After(pollInterval):
		}
	}
}

// stranger is a website of somebody else, and a caller who has no key.
func (w *watcher) stranger(ctx context.Context) {
	if w.order.Stranger {
		a, err := w.ask(ctx, http.MethodOptions, "/api/v1/process", map[string]string{
			"Origin": "https://stranger.invalid", "Access-Control-Request-Method": http.MethodPost})
		switch {
		case err == nil && a.status/100 != 2:
			w.seen.CORS = &CORS{}
		case err == nil:
			w.seen.CORS = &CORS{a.header.Get("Access-Control-Allow-Origin"), a.header.Get("Access-Control-Allow-Credentials")}
		}
	}
	if w.order.NoKey {
		w.seen.NoKey, _, _ = w.post(ctx, 0)
	}
}
