package gateway

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// dies drops the connection, as a server that is killed.
func dies(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

// diesWhileAnswering has sent a part of the portrait.
func diesWhileAnswering(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte("a part"))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// turnsDown is a server that is not ready after all.
func turnsDown(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "loading", http.StatusServiceUnavailable)
}

// TestPhotoOfDyingServer is given to another one, and nobody sees an error.
func TestPhotoOfDyingServer(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]http.HandlerFunc{
		"in work": dies, "while it answers": diesWhileAnswering, "not ready after all": turnsDown,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad, good := newFake(t), newFake(t)
			f := newFront(t, []string{bad.URL, good.URL})
			within(t, "both are ready", func() bool { return f.servers[0].ready.Load() && f.servers[1].ready.Load() })
			bad.does(what)
			for range 4 {
				answer := f.post(t, "/api/v1/process/quick", make([]byte, 1<<20))
				answer.want(t, http.StatusOK, fakePortrait)
				if answer.header.Get(serverHeader) != f.servers[1].name {
					t.Errorf("headers %v", answer.header)
				}
			}
			if f.servers[0].ready.Load() {
				t.Error("the server that failed still counts as ready")
			}
			bad.does(func(http.ResponseWriter, *http.Request) {})
			within(t, "it is back", func() bool { return f.servers[0].ready.Load() })
		})
	}
}

// TestPhotoThatKillsServers gets no third one.
func TestPhotoThatKillsServers(t *testing.T) {
	t.Parallel()
	servers := []*fake{newFake(t), newFake(t), newFake(t)}
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.URL)
	}
	f := newFront(t, urls)
	within(t, "all are ready", func() bool { return f.idle() == 3 })
	for _, s := range servers {
		s.does(dies)
	}
	f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusBadGateway, "Two servers stopped")
	if f.idle() != 1 {
		t.Errorf("%d servers are left", f.idle())
	}
}

// idle counts ready servers without a photo.
func (f *front) idle() (n int) {
	for _, s := range f.servers {
		if s.ready.Load() && s.busy.Load() == 0 {
			n++
		}
	}
	return n
}

// TestErrorsPass: what a server answers about a photo is its answer.
func TestErrorsPass(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL})
	for _, status := range []int{400, 404, 413, 418, 422, 500} {
		server.does(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "as it says", status) })
		f.post(t, processRoute, nil).want(t, status, "as it says")
	}
	if !f.servers[0].ready.Load() {
		t.Error("the server counts as lost")
	}
}

// TestReadiness: a server that only says that it is ready is not.
func TestReadiness(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	server.ready.Store(false)
	held := make(chan struct{})
	server.does(func(http.ResponseWriter, *http.Request) { <-held })
	f := startFront(t, []string{server.URL})
	notReady := func() {
		t.Helper()
		f.do(t, http.MethodGet, "/readiness", nil).want(t, http.StatusServiceUnavailable,
			`{"ready":false,"models_loaded":false}`)
		f.do(t, http.MethodGet, "/ready", nil).want(t, http.StatusOK, `{"ready":false,"models_loaded":false}`)
		f.do(t, http.MethodGet, "/health", nil).want(t, http.StatusOK)
		early := f.post(t, processRoute, nil)
		early.want(t, http.StatusServiceUnavailable, "still loading")
		if early.header.Get("Retry-After") == "" {
			t.Errorf("headers %v", early.header)
		}
	}
	notReady()
	server.ready.Store(true)
	within(t, "the first portrait is in work", func() bool { return server.working.Load() == 1 })
	notReady()
	close(held)
	f.awaitReady(t)
	within(t, "the first portrait is deleted", func() bool { _, ok := server.deleted.Load("00000001"); return ok })
}

// TestFirstPortraitFails: the gateway tries again, and says why.
func TestFirstPortraitFails(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	server.does(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"success":false,"job_id":"x","error":"no model"}`))
	})
	f := startFront(t, []string{server.URL})
	within(t, "the log says why", func() bool { return strings.Contains(f.log.String(), "no model") })
	f.do(t, http.MethodGet, "/readiness", nil).want(t, http.StatusServiceUnavailable)
	server.does(func(http.ResponseWriter, *http.Request) {})
	f.awaitReady(t)
}

// TestServerIsReplaced: under the same name, and without any photo on the way.
func TestServerIsReplaced(t *testing.T) {
	t.Parallel()
	first := newFake(t)
	address := first.Listener.Addr().String()
	f := newFront(t, []string{first.URL}, func(c *Config) {
		c.timing = usual
		c.timing.watch = 20 * time.Millisecond
	})
	first.CloseClientConnections()
	first.Close()
	within(t, "readiness says that it is gone", func() bool {
		return f.do(t, http.MethodGet, "/readiness", nil).status == http.StatusServiceUnavailable
	})
	waiting := make(chan got)
	go func() { waiting <- f.post(t, "/api/v1/process/quick", nil) }()
	within(t, "a photo waits for it", func() bool { return f.waiting.Load() == 1 })
	second := newFake(t)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	again := &httptest.Server{Listener: listener, Config: &http.Server{Handler: second.handler()}}
	again.Start()
	defer again.Close()
	if answer := <-waiting; answer.status != http.StatusOK || answer.body != fakePortrait {
		t.Errorf("answer %+v", answer)
	}
}

// TestNoServerComesBack: photos do not wait forever.
func TestNoServerComesBack(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) {
		c.timing = usual
		c.timing.patience = 200 * time.Millisecond
	})
	server.CloseClientConnections()
	server.Close()
	f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusServiceUnavailable, "No server is available")
}

// TestStuckServer is left alone until it answers again.
func TestStuckServer(t *testing.T) {
	t.Parallel()
	stuck, good := newFake(t), newFake(t)
	f := newFront(t, []string{stuck.URL, good.URL}, func(c *Config) {
		c.timing = usual
		c.timing.workLimit = 300 * time.Millisecond
	})
	within(t, "both are ready", func() bool { return f.idle() == 2 })
	release := stuck.hold()
	defer release()
	for range 2 {
		f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusOK)
	}
	if f.servers[0].ready.Load() {
		t.Error("the stuck server counts as ready")
	}
}

// TestBusyServerIsNotDead: the images answer nothing while they work.
func TestBusyServerIsNotDead(t *testing.T) {
	t.Parallel()
	server := newFake(t)
	f := newFront(t, []string{server.URL}, func(c *Config) {
		c.timing = usual
		c.timing.watch = time.Millisecond
	})
	server.does(func(http.ResponseWriter, *http.Request) { time.Sleep(200 * time.Millisecond) })
	f.post(t, "/api/v1/process/quick", nil).want(t, http.StatusOK)
	if log := f.log.String(); strings.Contains(log, "server lost") {
		t.Errorf("log: %s", log)
	}
}
