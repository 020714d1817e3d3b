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
	// askTimeout limits each request: a server may be slow to respond while it
	// processes a photo.
	askTimeout = 75 * time.Second
	// maxFailures is how often a readiness request may return 500: each time, the
	// server may have tried to load all models.
	maxFailures = 3
	maxAnswer   = 1 << 20
)

// answer is the response to a request, with the beginning of its body.
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

// waitReady sends one request at a time: a server that cannot load its models
// tries again at each.
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

// ready requests /readiness, or /ready if that does not exist. The body decides.
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

// busy keeps the server busy with photos, and meanwhile sends requests like a
// health check.
func (w *watcher) busy(ctx context.Context) {
	if w.order.Busy == 0 {
		return
	}
	done := make(chan struct{})
	w.seen.BusyFrom = time.Now()
	go func() {
		defer close(done)
		for end := w.seen.BusyFrom.Add(w.order.Busy); time.Now().Before(end) && ctx.Err() == nil; {
			if p := w.photo(ctx, 0); !p.Portrait {
				time.Sleep(pollInterval) // an error may come at once
			}
		}
	}()
	for {
		asked := time.Now()
		_, _, _ = w.ready(ctx)
		w.seen.Silent = max(w.seen.Silent, time.Since(asked))
		select {
		case <-done:
			w.seen.BusyUntil = time.Now()
			return
		case <-ctx.Done():
			return
		case <-time.After(pollInterval):
		}
	}
}
