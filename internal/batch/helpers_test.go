package batch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/lite"
)

// liteServer starts the built-in engine, wrapped in the test's own handler if
// around is not nil.
func liteServer(t testing.TB, around func(http.Handler) http.Handler) (*httptest.Server, string) {
	t.Helper()
	outputs := filepath.Join(t.TempDir(), "processed")
	engine, err := lite.New(
		lite.Config{UploadDir: filepath.Join(t.TempDir(), "uploads"), OutputDir: outputs, Version: "test"},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
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

// stub is a fast server whose portraits depend only on the photo, so that
// results can be compared.
type stub struct {
	mu       sync.Mutex
	uploads  map[string]int // by content
	jobs     map[string]painting
	inFlight int
	highest  int // maximum of inFlight
	asked    int
	made     int
	deleted  int
	before   func(w http.ResponseWriter, r *http.Request) (answered bool)
	delay    time.Duration
	version  string // for /status; empty if it does not exist
	swaps    bool   // swaps red and blue, like version 1.0.0
}

// painting is a portrait made by the stub.
type painting struct {
	text          string
	width, height int
	background    color.RGBA
}

func newStub() *stub { return &stub{uploads: map[string]int{}, jobs: map[string]painting{}} }

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
	case r.URL.Path == "/status" && s.version != "":
		fmt.Fprintf(w, `{"version":%q}`, s.version)
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
		fmt.Fprint(w, s.jobs[filepath.Base(filepath.Dir(r.URL.Path))].picture(job))
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
	background := color.RGBA{
		uint8(number(r, "background_r")),
		uint8(number(r, "background_g")),
		uint8(number(r, "background_b")),
		255,
	}
	if s.swaps {
		background.R, background.B = background.B, background.R
	}
	s.jobs[id] = painting{sum + " " + r.FormValue("width"), number(r, "width"), number(r, "height"), background}
	fmt.Fprintf(w, `{"success":true,"job_id":"%s","result":{"face_count":1}}`, id)
}

func number(r *http.Request, field string) int {
	n, _ := strconv.Atoi(r.FormValue(field))
	return n
}

// portrait is an image of the size in recipe.
func portrait(content, format string) string { return painting{text: content}.picture(format) }

// picture is a plain image with the text in a comment.
func (m painting) picture(format string) string {
	if m.width == 0 {
		m.width, m.height = recipe().Width, recipe().Height
	}
	plain, _ := pictures.LoadOrStore(painting{format, m.width, m.height, m.background}, sync.OnceValue(func() string {
		picture := image.NewNRGBA(image.Rect(0, 0, m.width, m.height))
		var data bytes.Buffer
		if format == JPG {
			draw.Draw(picture, picture.Rect, image.NewUniform(m.background), image.Point{}, draw.Src)
			_ = jpeg.Encode(&data, picture, nil)
		} else {
			_ = png.Encode(&data, picture) // with transparent corners
		}
		return data.String()
	}))
	data := plain.(func() string)()
	if format == JPG {
		return data[:2] + "\xff\xfe" + string(binary.BigEndian.AppendUint16(nil, uint16(len(m.text)+2))) + m.text + data[2:]
	}
	const head = 8 + 12 + 13 // the signature and the first chunk
	chunk := "tEXt" + m.text
	length := binary.BigEndian.AppendUint32(nil, uint32(len(m.text)))
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(chunk)))
	return data[:head] + string(length) + chunk + string(sum) + data[head:]
}

// pictures caches the images.
var pictures sync.Map

// photos writes n different small images.
func photos(t testing.TB, dir string, n int) {
	t.Helper()
	for i := range n {
		writeFile(t, filepath.Join(dir, fmt.Sprintf("p%04d.jpg", i)), jpegOf(fmt.Sprint(i)))
	}
}

// jpegOf has the headers of a JPEG, with text as image data.
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

var shortTiming = timing{
	retry:   time.Millisecond,
	rest:    5 * time.Millisecond,
	maxRest: time.Minute,
	answer:  300 * time.Millisecond,
	poll:    5 * time.Millisecond,
	report:  50 * time.Millisecond,
}

// recipe asks for small portraits, which are fast to check.
func recipe() Recipe {
	r := Recipe{Options: api.DefaultOptions(), Formats: []string{PNG}}
	r.Width, r.Height = 64, 64
	return r
}

// batchOf is a whole run, as in the command.
type batchOf struct {
	dir, out string
	servers  []*Server
	recipe   Recipe
	force    bool
	checksum bool
	imageIDs []string
	inFlight int
	timeout  time.Duration
	maxRest  time.Duration // instead of the default
	notices  []string
	lasting  []Wait
	run      *Run
}

// do finds, plans, selects and runs, and returns the results by path.
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
	selected = Selection{Recipe: b.recipe, Force: b.force, Checksum: b.checksum, ImageIDs: b.imageIDs}.Select(jobs)
	results = map[string]Result{}
	var mu sync.Mutex
	b.run = &Run{
		Servers:  b.servers,
		Recipe:   b.recipe,
		Force:    b.force,
		Checksum: b.checksum,
		timing:   shortTiming,
		InFlight: b.inFlight,
		Timeout:  b.timeout,
		Swaps:    func(s api.Status) bool { return s.Version == "1.0.0" },
		Waiting:  func(w Wait) { b.lasting = append(b.lasting, w) },
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
		},
	}
	if b.maxRest > 0 {
		b.run.timing.maxRest = b.maxRest
	}
	queue := make(chan *Job, len(selected.Todo))
	for _, job := range selected.Todo {
		queue <- job
	}
	close(queue)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return results, selected, b.run.Do(ctx, queue)
}

// tree returns the files in a directory except the journal.
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
