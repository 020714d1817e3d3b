package batch

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/lite"
)

// liteServer is the built-in engine behind a handler of the test's own, which
// may be nil.
func liteServer(t testing.TB, around func(http.Handler) http.Handler) (*httptest.Server, string) {
	t.Helper()
	outputs := filepath.Join(t.TempDir(), "processed")
	engine, err := lite.New(lite.Config{UploadDir: filepath.Join(t.TempDir(), "uploads"), OutputDir: outputs, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Load(); err != nil {
		t.Fatal(err)
	}
	var handler http.Handler = engine
	if around != nil {
		handler = around(engine)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server, outputs
}

// stub answers the contract at once with a portrait that depends on the photo
// only, so that results can be compared.
type stub struct {
	mu       sync.Mutex
	uploads  map[string]int // by content
	jobs     map[string]string
	inFlight int
	highest  int // of inFlight
	asked    int
	made     int
	deleted  int
	before   func(w http.ResponseWriter, r *http.Request) (answered bool)
	delay    time.Duration
}

func newStub() *stub { return &stub{uploads: map[string]int{}, jobs: map[string]string{}} }

func (s *stub) start(t testing.TB) string {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.before != nil && s.before(w, r) {
		return
	}
	switch job := filepath.Base(r.URL.Path); {
	case r.URL.Path == "/ready":
		fmt.Fprint(w, `{"ready":true}`)
	case r.URL.Path == "/api/v1/process":
		s.process(w, r)
	case r.Method == http.MethodDelete:
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.jobs, job)
		s.deleted++
	case strings.HasPrefix(r.URL.Path, "/api/v1/download/"):
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprint(w, portrait(s.jobs[filepath.Base(filepath.Dir(r.URL.Path))], job))
	default:
		http.Error(w, `{"detail":"Not Found"}`, http.StatusNotFound)
	}
}

func (s *stub) process(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.inFlight++
	s.asked++
	s.highest = max(s.highest, s.inFlight)
	delay := s.delay
	s.mu.Unlock()
	time.Sleep(delay)
	file, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	hash := sha256.New()
	_, _ = file.Seek(0, 0)
	buffer := make([]byte, 1<<20)
	for n, err := file.Read(buffer); n > 0 && err == nil; n, err = file.Read(buffer) {
		hash.Write(buffer[:n])
	}
	sum := fmt.Sprintf("%x", hash.Sum(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	s.uploads[sum]++
	s.made++
	id := fmt.Sprintf("%08x", s.made)
	s.jobs[id] = sum + " " + r.FormValue("width")
	fmt.Fprintf(w, `{"success":true,"job_id":"%s","result":{"face_count":1}}`, id)
}

// portrait has what is checked of a picture: its ends.
func portrait(content, format string) string {
	if format == JPG {
		return "\xff\xd8\xff" + content + "\xff\xd9"
	}
	return "\x89PNG\r\n\x1a\n" + content + "IEND\xaeB`\x82"
}

// photos writes n different small pictures.
func photos(t testing.TB, dir string, n int) {
	t.Helper()
	for i := range n {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("p%04d.jpg", i)), jpegOf(fmt.Sprint(i)))
	}
}

// jpegOf is a JPEG as far as headers tell, with a text for its data.
func jpegOf(text string) string {
	frame := "\xff\xc0\x00\x11\x08\x00\x20\x00\x20\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
	return "\xff\xd8" + frame + "\xff\xda\x00\x02" + text + "\xff\xd9"
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

var shortPatience = patience{retry: time.Millisecond, rest: 5 * time.Millisecond, answer: 300 * time.Millisecond, poll: 5 * time.Millisecond}

func recipe() Recipe { return Recipe{api.DefaultOptions(), []string{PNG}} }

// batchOf is a whole run as the command makes it.
type batchOf struct {
	dir, out string
	servers  []*Server
	recipe   Recipe
	force    bool
	checksum bool
	engines  []string
	notices  []string
	run      *Run
}

// do finds, plans, selects and runs, and gives each photo's result by its
// path.
func (b *batchOf) do(t testing.TB) (results map[string]Result, selected Selected, err error) {
	t.Helper()
	if b.recipe.Formats == nil {
		b.recipe = recipe()
	}
	finder := Finder{Recursive: true, Avoid: b.out}
	found, _, err := finder.Find([]string{b.dir})
	if err != nil {
		t.Fatal(err)
	}
	planner := Planner{Output: Output{Path: b.out, Formats: b.recipe.Formats}}
	jobs, err := planner.Plan(found)
	if err != nil {
		t.Fatal(err)
	}
	selected = Selection{Recipe: b.recipe, Force: b.force, Checksum: b.checksum, Engines: b.engines}.Select(jobs)
	results = map[string]Result{}
	var mu sync.Mutex
	b.run = &Run{Servers: b.servers, Recipe: b.recipe, Force: b.force, Checksum: b.checksum, patience: shortPatience,
		Report: func(r Result) {
			name, _ := filepath.Rel(b.dir, r.Path)
			if _, twice := results[name]; twice {
				t.Errorf("%s was reported twice", name)
			}
			results[name] = r
		},
		Notice: func(s *Server, what string) {
			mu.Lock()
			defer mu.Unlock()
			b.notices = append(b.notices, what)
		}}
	queue := make(chan *Job, len(selected.Todo))
	for _, job := range selected.Todo {
		queue <- job
	}
	close(queue)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return results, selected, b.run.Do(ctx, queue)
}

// tree is what a directory holds, without the journal.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == journalName {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func outcomes(results map[string]Result) map[Outcome]int {
	n := map[Outcome]int{}
	for _, r := range results {
		n[r.Outcome]++
	}
	return n
}
