package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/pool"
)

func testPhoto(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "lite", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A run on the built-in engine: portraits, a photo without a face, and no files
// left on the server.
func TestRunOnLite(t *testing.T) {
	t.Parallel()
	server, outputs := liteServer(t, nil)
	in, out := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(in, "2024", "anna.png"), testPhoto(t, "astronaut.png"))
	writeFile(t, filepath.Join(in, "coffee.png"), testPhoto(t, "coffee.png"))
	writeFile(t, filepath.Join(in, "cut.png"), testPhoto(t, "astronaut.png")[:10_000])
	both := Recipe{Options: api.DefaultOptions(), Formats: []string{PNG, JPG}}
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: server.URL, ImageID: "lite"}}, recipe: both}
	b.recipe.Width, b.recipe.Height = 200, 300
	results, _, err := b.do(t)
	if err != nil {
		t.Fatal(err)
	}
	if r := results[filepath.Join("2024", "anna.png")]; r.Outcome != Done || r.Server != server.URL || r.Took <= 0 {
		t.Errorf("anna: %+v", r)
	}
	if r := results["coffee.png"]; r.Outcome != Failed || r.Cause != NoFace ||
		r.Err.Error() != "no face found in the photo" {
		t.Errorf("coffee: %v %v %v", r.Outcome, r.Cause, r.Err)
	}
	if r := results["cut.png"]; r.Outcome != Failed || r.Cause != Unreadable {
		t.Errorf("cut: %v %v %v", r.Outcome, r.Cause, r.Err)
	}
	files := tree(t, out)
	png, jpg := files["2024/anna-facecraft.png"], files["2024/anna-facecraft.jpg"]
	if len(files) != 2 || !strings.HasPrefix(png, "\x89PNG") || !strings.HasPrefix(jpg, "\xff\xd8\xff") ||
		len(jpg) > 99<<10 {
		t.Errorf("results %v", maps.Keys(files))
	}
	if left, err := os.ReadDir(outputs); err != nil || len(left) != 0 {
		t.Errorf("the server keeps %v, %v", left, err)
	}
}

func TestNoOvalGivesJPEG(t *testing.T) {
	t.Parallel()
	server, _ := liteServer(t, nil)
	in, out := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(in, "anna.png"), testPhoto(t, "astronaut.png"))
	b := batchOf{
		dir:     in,
		out:     out,
		servers: []*Server{{URL: server.URL}},
		recipe:  Recipe{Options: api.DefaultOptions(), Formats: []string{JPG}},
	}
	b.recipe.Oval = false
	if results, _, err := b.do(t); err != nil || results["anna.png"].Outcome != Done {
		t.Fatalf("%v %v", results["anna.png"].Err, err)
	}
	if files := tree(t, out); len(files) != 1 || files["anna-facecraft.jpg"] == "" {
		t.Errorf("results %v", files)
	}
}

func TestTwoInFlightOverAllServers(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 40)
	var servers []*Server
	var stubs []*stub
	for range 3 {
		s := newStub()
		s.delay = 3 * time.Millisecond
		stubs, servers = append(stubs, s), append(servers, &Server{URL: s.start(t)})
	}
	b := batchOf{dir: in, out: out, servers: servers}
	results, _, err := b.do(t)
	if n := outcomes(results); err != nil || n[Done] != 40 {
		t.Fatalf("%v %v", n, err)
	}
	for i, s := range stubs {
		if s.highest != InFlight || s.asked < 8 || s.deleted != s.asked {
			t.Errorf("server %d: %d in flight, %d photos, %d jobs deleted", i, s.highest, s.asked, s.deleted)
		}
	}
}

// When a server dies, other servers take over its photos: none is lost and none
// is made twice.
func TestServerDies(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 60)
	good, bad := newStub(), newStub()
	var served atomic.Int32
	bad.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v1/process" && served.Add(1) <= 5 {
			return false
		}
		if served.Load() <= 5 {
			return false
		}
		panic(http.ErrAbortHandler) // drop the connection
	}
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: bad.start(t)}, {URL: good.start(t)}}}
	results, _, err := b.do(t)
	if n := outcomes(results); err != nil || n[Done] != 60 || len(results) != 60 {
		t.Fatalf("%v %v", n, err)
	}
	if files := tree(t, out); len(files) != 60 {
		t.Errorf("%d results", len(files))
	}
	if len(b.notices) == 0 || !strings.Contains(b.notices[0], "is not responding") {
		t.Errorf("notices %q", b.notices)
	}
}

func noServer(err error) bool {
	var none *pool.NoServer
	return errors.As(err, &none)
}

func TestLastServerGone(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 30)
	s := newStub()
	var asked atomic.Int32
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v1/process" && asked.Add(1) > 10 || asked.Load() > 10 {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	revived := 0
	dead := errors.New("it died again\nwith this log")
	b := batchOf{
		dir: in,
		out: out,
		servers: []*Server{{URL: s.start(t), Revive: func(context.Context, bool) (bool, error) {
			if revived++; revived > 1 {
				return false, dead
			}
			asked.Store(3) // it works again for a while
			return false, nil
		}}},
	}
	results, _, err := b.do(t)
	n := outcomes(results)
	if !noServer(err) || !errors.Is(err, dead) || n[Pending] == 0 || n[Failed] != 0 || len(results) != 30 {
		t.Fatalf("%v %v", n, err)
	}
	if revived != 2 {
		t.Errorf("it was revived %d times", revived)
	}
	if last := b.notices[len(b.notices)-1]; !strings.HasSuffix(last, "is no longer used: it died again") {
		t.Errorf("the last notice is %q", last)
	}
	// Running again with a working server does the rest.
	done := n[Done]
	b.servers = []*Server{{URL: newStub().start(t)}}
	results, selected, err := b.do(t)
	if err != nil || len(selected.Kept) != done || outcomes(results)[Done] != 30-done {
		t.Errorf("then %v, %d kept, %v", outcomes(results), len(selected.Kept), err)
	}
}

// Only failures that may not repeat are retried.
func TestRetries(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer  func(w http.ResponseWriter, attempt int32)
		outcome Outcome
		asked   int32
	}{
		"no face": {func(w http.ResponseWriter, _ int32) {
			fmt.Fprint(w, `{"success":false,"job_id":"aa","error":"no_face_detected"}`)
		}, Failed, 1},
		"invalid form": {func(w http.ResponseWriter, _ int32) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"detail":[{"loc":["body","width"],"msg":"odd"}]}`)
		}, Failed, 1},
		"too large": {func(w http.ResponseWriter, _ int32) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, Failed, 1},
		"500 once": {func(w http.ResponseWriter, attempt int32) {
			if attempt == 1 {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			fmt.Fprint(w, `{"success":true,"job_id":"aa"}`)
		}, Done, 2},
		"500 for this photo": {
			func(w http.ResponseWriter, _ int32) { w.WriteHeader(http.StatusInternalServerError) },
			Failed,
			maxAttempts,
		},
		"busy twice": {func(w http.ResponseWriter, attempt int32) {
			if attempt < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(w, `{"success":true,"job_id":"aa"}`)
		}, Done, 3},
		"out of memory once": {func(w http.ResponseWriter, attempt int32) {
			if attempt == 1 {
				fmt.Fprint(w, `{"success":false,"job_id":"aa","error":"CUDA out of memory. Tried to allocate 20 MiB"}`)
				return
			}
			fmt.Fprint(w, `{"success":true,"job_id":"aa"}`)
		}, Done, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			s := newStub()
			s.before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/process" {
					return false
				}
				_, _ = io.Copy(io.Discard, r.Body)
				c.answer(w, asked.Add(1))
				return true
			}
			in := t.TempDir()
			photos(t, in, 1)
			b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: s.start(t)}}}
			results, _, err := b.do(t)
			if r := results["p0000.jpg"]; err != nil || r.Outcome != c.outcome || asked.Load() != c.asked {
				t.Errorf("%v (%v) after %d requests, %v", r.Outcome, r.Err, asked.Load(), err)
			}
		})
	}
}

// Whatever a malicious server sends, only complete images get into the output
// directory, nothing outside it is touched, and the run ends.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a request to another server: %s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	success := func(w http.ResponseWriter, job string) { fmt.Fprintf(w, `{"success":true,"job_id":%q}`, job) }
	endless := func(w http.ResponseWriter, first, chunk string) {
		fmt.Fprint(w, first)
		for {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	process := func(answer func(w http.ResponseWriter, r *http.Request)) func(w http.ResponseWriter,
		r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/api/v1/process" {
				return false
			}
			_, _ = io.Copy(io.Discard, r.Body)
			answer(w, r)
			return true
		}
	}
	download := func(answer func(w http.ResponseWriter, r *http.Request)) func(w http.ResponseWriter,
		r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/api/v1/download/") {
				return false
			}
			answer(w, r)
			return true
		}
	}
	megabyte := strings.Repeat("x", 1<<20)
	cases := map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"endless JSON": process(
			func(w http.ResponseWriter, _ *http.Request) { endless(w, `{"success":true,"job_id":"`, megabyte) },
		),
		"HTML": process(
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<h1>Welcome to nginx!</h1>") },
		),
		"path as job ID":    process(func(w http.ResponseWriter, _ *http.Request) { success(w, "../../../etc/passwd") }),
		"URL as job ID":     process(func(w http.ResponseWriter, _ *http.Request) { success(w, elsewhere.URL) }),
		"newline in job ID": process(func(w http.ResponseWriter, _ *http.Request) { success(w, "a\r\nHost: x") }),
		"no job ID":         process(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"success":true}`) }),
		"null":              process(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `null`) }),
		"redirect": process(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}),
		"always 500": process(
			func(w http.ResponseWriter, _ *http.Request) { http.Error(w, megabyte, http.StatusInternalServerError) },
		),
		"401": process(
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		),
		"endless image": download(
			func(w http.ResponseWriter, _ *http.Request) { endless(w, "\x89PNG\r\n\x1a\n", megabyte) },
		),
		"text instead of image": download(
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>sorry</html>") },
		),
		"nothing": download(func(http.ResponseWriter, *http.Request) {}),
		"half an image": download(
			func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, portrait("x", PNG)[:12]) },
		),
		"JPEG instead of PNG": download(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, portrait("x", JPG)) }),
		"redirected result": download(
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		),
		"cut off": download(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			fmt.Fprint(w, portrait("x", PNG))
		}),
		"unrequested compression": download(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "\x1f\x8b\x08bomb")
		}),
	}
	for name, before := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub()
			s.before = before
			root := t.TempDir()
			in, out := filepath.Join(root, "in"), filepath.Join(root, "out")
			photos(t, in, 3)
			inputs := tree(t, in)
			b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t), Token: "secret"}}}
			results, _, err := b.do(t)
			if n := outcomes(results); n[Done] != 0 || len(results) != 3 || err != nil && !noServer(err) {
				t.Errorf("%v, %v", n, err)
			}
			if files := tree(t, out); len(files) != 0 {
				t.Errorf("it wrote %v", files)
			}
			if !maps.Equal(tree(t, in), inputs) || len(tree(t, root)) != len(inputs) {
				t.Errorf("something other than the photos is there: %v", tree(t, root))
			}
			for _, r := range results {
				if r.Err == nil || len(r.Err.Error()) > 1000 || strings.Contains(r.Err.Error(), "secret") {
					t.Errorf("error %.200v", r.Err)
				}
			}
		})
	}
}

// A server that never responds is given up when ctx ends.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	s := newStub()
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v1/process" {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
		return r.URL.Path == "/api/v1/process"
	}
	in := t.TempDir()
	photos(t, in, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	finder := Finder{Recursive: true}
	found, _, _ := finder.Find([]string{in})
	planner := Planner{Output: Output{Path: t.TempDir(), Formats: []string{PNG}}}
	jobs, err := planner.Plan(found)
	if err != nil {
		t.Fatal(err)
	}
	Selection{Recipe: recipe()}.Select(jobs)
	queue := make(chan *Job, 1)
	queue <- jobs[0]
	close(queue)
	var got Result
	run := Run{
		Servers: []*Server{{URL: s.start(t)}},
		Recipe:  recipe(),
		Report:  func(r Result) { got = r },
		Notice:  func(*Server, string) {},
	}
	if err := run.Do(ctx, queue); !errors.Is(err, context.DeadlineExceeded) || got.Outcome != Pending {
		t.Errorf("%v, %v", err, got.Outcome)
	}
}

// Every request carries the server's token.
func TestToken(t *testing.T) {
	t.Parallel()
	s := newStub()
	var without atomic.Int32
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "Bearer secret" {
			without.Add(1)
		}
		return false
	}
	in := t.TempDir()
	photos(t, in, 2)
	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: s.start(t), Token: "secret"}}}
	if results, _, err := b.do(t); err != nil || outcomes(results)[Done] != 2 || without.Load() != 0 {
		t.Errorf("%v, %v, %d requests without the token", outcomes(results), err, without.Load())
	}
}

// A photo that changes during the upload fails, and the server is not blamed.
func TestPhotoShrinks(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	path := filepath.Join(in, "a.jpg")
	writeFile(t, path, jpegOf(strings.Repeat("x", 8<<20)))
	s := newStub()
	s.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/api/v1/process" {
			_ = os.Truncate(path, 1000)
		}
		return false
	}
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}}
	results, _, err := b.do(t)
	if r := results["a.jpg"]; err != nil || r.Outcome != Failed || r.Cause != Unreadable {
		t.Errorf("%v %v %v, %v", r.Outcome, r.Cause, r.Err, err)
	}
}
