package batch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crashingStub is a stub that dies when it gets a certain photo, dropping the others
// it is processing, and stays dead until it is revived.
type crashingStub struct {
	*stub
	deadly string // a text in the photo

	mu    sync.Mutex
	dying chan struct{} // closed at its death
	dead  bool
	now   int   // photos being processed
	with  []int // photos being processed at each death
}

func newCrashingStub(deadly string) *crashingStub {
	m := &crashingStub{stub: newStub(), deadly: deadly, dying: make(chan struct{})}
	m.before = func(w http.ResponseWriter, r *http.Request) bool {
		m.mu.Lock()
		dead, dying := m.dead, m.dying
		m.mu.Unlock()
		if dead {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/api/v1/process" {
			m.work(w, r, dying)
			return true
		}
		return false
	}
	return m
}

func (m *crashingStub) work(w http.ResponseWriter, r *http.Request, dying chan struct{}) {
	m.count(1)
	defer m.count(-1)
	file, _, err := r.FormFile("file")
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	photo, _ := io.ReadAll(file)
	if m.deadly != "" && strings.Contains(string(photo), m.deadly) {
		m.die()
	}
	select {
	case <-dying:
		panic(http.ErrAbortHandler)
	case <-time.After(5 * time.Millisecond):
		m.process(w, r)
	}
}

func (m *crashingStub) count(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now += n
}

func (m *crashingStub) die() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dead {
		m.dead = true
		m.with = append(m.with, m.now)
		close(m.dying)
	}
}

// died returns how many photos were being processed at each death.
func (m *crashingStub) died() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.with)
}

func (m *crashingStub) revive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead, m.dying = false, make(chan struct{})
}

// server returns a Server that is restarted after every death.
func (m *crashingStub) server(t *testing.T, byOrder bool) *Server {
	return &Server{URL: m.start(t), ImageID: "sha256:one", Revive: func(_ context.Context, again bool) (bool, error) {
		if !again {
			return byOrder, errors.New("it died again")
		}
		time.Sleep(10 * time.Millisecond)
		m.revive()
		return byOrder, nil
	}}
}

// crashPhotos writes n photos; the named ones kill a server.
func crashPhotos(t *testing.T, n int, deadly ...string) (dir string) {
	dir = t.TempDir()
	photos(t, dir, n)
	for _, name := range deadly {
		writeFile(t, filepath.Join(dir, name), jpegOf("deadly "+name))
	}
	return dir
}

// One photo that kills the server does not stop the others. Those in flight are
// retried one at a time, the one that kills twice fails, and later runs skip it
// unless the photo, the options or the image has changed.
func TestPhotoThatStopsServers(t *testing.T) {
	t.Parallel()
	const name = "p0004.jpg"
	in, out := crashPhotos(t, 12, name), t.TempDir()
	m := newCrashingStub("deadly")
	b := batchOf{dir: in, out: out, servers: []*Server{m.server(t, false)}, imageIDs: []string{"sha256:one"}}
	results, _, err := b.do(t)
	if n := outcomes(results); err != nil || n[Done] != 11 || n[Failed] != 1 {
		t.Fatalf("%v, %v", n, err)
	}
	r := results[name]
	const why = "the server stopped twice while processing this photo ("
	if !errors.As(r.Err, new(*StopsServerError)) || r.Cause != StopsServer || !strings.HasPrefix(r.Err.Error(), why) {
		t.Errorf("%v: %v", r.Cause, r.Err)
	}
	if with := m.died(); len(with) != 2 || with[1] != 1 {
		t.Errorf("photos being processed at each death: %v", with)
	}

	again := func(what string, failed, done, deaths int) {
		t.Helper()
		before := len(m.died())
		b.servers = []*Server{m.server(t, false)}
		b.servers[0].ImageID = b.imageIDs[0]
		results, selected, err := b.do(t)
		if n := outcomes(results); err != nil || len(selected.Failed) != failed || n[Done] != done ||
			len(m.died())-before != deaths {
			t.Errorf("%s: %d not tried, %v, %d deaths, %v", what, len(selected.Failed), n, len(m.died())-before, err)
		}
		for _, job := range selected.Failed {
			if !strings.Contains(job.Problem.Error(), "use --force to try again") {
				t.Errorf("%s: %v", what, job.Problem)
			}
		}
	}
	again("rerun", 1, 0, 0)
	b.imageIDs = []string{"sha256:two"}
	again("different image", 0, 11, 2)
	again("rerun with that image", 1, 0, 0)
	b.recipe.Width++
	again("different options", 0, 11, 2)
	b.force = true
	again("with force", 0, 11, 2)
	b.force = false
	writeFile(t, filepath.Join(in, name), jpegOf("harmless"))
	again("photo replaced", 0, 1, 0)
	again("everything done", 0, 0, 0)
}

// If a newer version of a photo kills the server, the earlier portrait is still
// known as made by facecraft, so a working version can replace it.
func TestPhotoThatStopsServersKeepsEarlierPortrait(t *testing.T) {
	t.Parallel()
	in, out := crashPhotos(t, 3), t.TempDir()
	m := newCrashingStub("deadly")
	b := batchOf{dir: in, out: out}
	for _, step := range []struct {
		photo string
		done  int
	}{{"first", 3}, {"deadly", 0}, {"third", 1}} {
		writeFile(t, filepath.Join(in, "p0001.jpg"), jpegOf(step.photo))
		b.servers = []*Server{m.server(t, false)}
		results, selected, err := b.do(t)
		if err != nil || outcomes(results)[Done] != step.done || selected.Protected != 0 {
			t.Errorf("%s: %v, %d protected, %v", step.photo, outcomes(results), selected.Protected, err)
		}
	}
	if got := tree(t, out)["p0001-facecraft.png"]; !strings.Contains(got, hash(jpegOf("third"))) {
		t.Error("no portrait of the last version")
	}
}

// Several in a row, as in a folder of panoramas.
func TestSeveralPhotosThatStopServers(t *testing.T) {
	t.Parallel()
	in := crashPhotos(t, 12, "p0004.jpg", "p0005.jpg", "p0006.jpg")
	m := newCrashingStub("deadly")
	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{m.server(t, false)}}
	results, _, err := b.do(t)
	if n := outcomes(results); err != nil || n[Done] != 9 || n[Failed] != 3 {
		t.Errorf("%v after %d deaths, %v", n, len(m.died()), err)
	}
}

// A server that stops on every photo is broken itself: it is given up, and no
// photo is recorded as the cause.
func TestServerThatAlwaysDies(t *testing.T) {
	t.Parallel()
	in, out := crashPhotos(t, 20), t.TempDir()
	m := newCrashingStub("\xff\xd8")
	b := batchOf{dir: in, out: out, servers: []*Server{m.server(t, false)}}
	results, _, err := b.do(t)
	if n := outcomes(results); !noServer(err) || n[Done] != 0 || n[Pending] == 0 || len(m.died()) != maxCrashes {
		t.Errorf("%v after %d deaths, %v", n, len(m.died()), err)
	}
	if _, err := os.Stat(filepath.Join(out, journalName)); err == nil {
		t.Error("photos were recorded")
	}
}

// No photo is blamed when someone keeps restarting the server.
func TestRestartsByOrder(t *testing.T) {
	t.Parallel()
	in := crashPhotos(t, 40)
	m := newCrashingStub("")
	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{m.server(t, true)}}
	ended := make(chan struct{})
	go func() {
		for range 8 {
			select {
			case <-ended:
				return
			case <-time.After(25 * time.Millisecond):
				m.die()
			}
		}
	}()
	results, _, err := b.do(t)
	close(ended)
	if n := outcomes(results); err != nil || n[Done] != 40 || len(m.died()) < 3 {
		t.Errorf("%v after %d restarts, %v", n, len(m.died()), err)
	}
}

// A finished portrait is downloaded after a restart, or made again if the server
// no longer has it.
func TestFetchedAfterRestart(t *testing.T) {
	t.Parallel()
	for kept, requests := range map[bool]int{true: 6, false: 7} {
		in, out := t.TempDir(), t.TempDir()
		photos(t, in, 6)
		s := newStub()
		var down atomic.Bool
		var fetched, first atomic.Int32
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			picture := strings.HasPrefix(r.URL.Path, "/api/v1/download/")
			if picture && fetched.Add(1) == 3 {
				first.Store(1)
				down.Store(true)
			}
			if down.Load() && r.URL.Path != "/api/v1/process" { // this is not about photos being processed
				panic(http.ErrAbortHandler)
			}
			if picture && !kept && first.CompareAndSwap(1, 0) {
				http.Error(w, `{"detail":"Not Found"}`, http.StatusNotFound)
				return true
			}
			return false
		}
		b := batchOf{
			dir:      in,
			out:      out,
			inFlight: 1,
			servers: []*Server{{URL: s.start(t), Revive: func(context.Context, bool) (bool, error) {
				down.Store(false)
				return false, nil
			}}},
		}
		results, _, err := b.do(t)
		if n := outcomes(results); err != nil || n[Done] != 6 || s.asked != requests || len(tree(t, out)) != 6 {
			t.Errorf("kept %v: %v, %d requests, %v", kept, n, s.asked, err)
		}
	}
}

// Long waits are reported, with their reason.
func TestWaitsAreReported(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	photos(t, in, 1)
	s := newStub()
	var asked atomic.Int32
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/api/v1/process" && asked.Add(1) == 1:
			w.Header().Set("Retry-After", "99999")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case r.URL.Path == "/api/v1/process":
			time.Sleep(200 * time.Millisecond)
		}
		return false
	}
	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: s.start(t)}}, maxRest: 200 * time.Millisecond}
	results, _, err := b.do(t)
	if err != nil || results["p0000.jpg"].Outcome != Done {
		t.Fatalf("%+v, %v", results["p0000.jpg"], err)
	}
	phases := map[Phase]Wait{}
	for _, wait := range b.lasting {
		phases[wait.Phase] = wait
	}
	if w := phases[Pausing]; w.Server == "" || w.Photo != "" || w.For < shortTiming.report {
		t.Errorf("the pause was reported as %+v", b.lasting)
	}
	if w := phases[Working]; w.Server == "" || !strings.HasSuffix(w.Photo, "p0000.jpg") || w.For < shortTiming.report {
		t.Errorf("the processing was reported as %+v", b.lasting)
	}
	if len(b.notices) != 1 || b.notices[0] != "asks for a pause of 27h46m39s; retrying in 200ms" {
		t.Errorf("notices %q", b.notices)
	}
}

// A restarting remote server is waited for until the timeout set by the user.
func TestTimeoutHoldsForEndpoints(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]Outcome{200 * time.Millisecond: Pending, time.Minute: Done} {
		in := t.TempDir()
		photos(t, in, 1)
		s := newStub()
		var down time.Time
		var mu sync.Mutex
		s.before = func(_ http.ResponseWriter, r *http.Request) bool {
			mu.Lock()
			defer mu.Unlock()
			if down.IsZero() && r.URL.Path == "/api/v1/process" {
				down = time.Now()
			}
			if time.Since(down) < time.Second {
				panic(http.ErrAbortHandler)
			}
			return false
		}
		b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: s.start(t)}}, timeout: timeout}
		results, _, err := b.do(t)
		if r := results["p0000.jpg"]; r.Outcome != want || (err != nil) != (want == Pending) {
			t.Errorf("with %s: %v, %v, %v", timeout, r.Outcome, r.Err, err)
		}
	}
}
