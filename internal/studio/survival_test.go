package studio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/term"
)

// folderVariable and endpointVariable make this test program a studio, which can
// be killed.
const (
	folderVariable   = "STUDIO_TEST_FOLDER"
	endpointVariable = "STUDIO_TEST_ENDPOINT"
)

func TestMain(m *testing.M) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		os.Exit(m.Run())
	}
	err := Run(context.Background(), Config{Folder: folder, Endpoints: []string{os.Getenv(endpointVariable)},
		Request:  launch.ServerRequest{Timeout: 5 * time.Second},
		Settings: launch.Settings{UI: term.New(os.Stderr, os.Getenv, false), Getenv: os.Getenv, Version: "test"},
		Ready:    func(address string) { fmt.Println(address) }})
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// counter is a server that makes one portrait at a time, always the same one,
// and counts.
type counter struct {
	*httptest.Server
	portrait []byte
	takes    time.Duration

	turn sync.Mutex
	mu   sync.Mutex
	made int
	half chan struct{} // closed when a hundred are made
}

func newCounter(t testing.TB, takes time.Duration) *counter {
	t.Helper()
	o := api.DefaultOptions()
	picture := image.NewNRGBA(image.Rect(0, 0, o.Width, o.Height))
	middle := picture.Rect.Inset(100)
	draw.Draw(picture, middle, image.NewUniform(color.NRGBA{200, 150, 120, 255}), image.Point{}, draw.Src)
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	c := &counter{portrait: out.Bytes(), takes: takes, half: make(chan struct{})}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/ready":
		fmt.Fprint(w, `{"ready":true}`)
	case r.URL.Path == "/api/v1/process":
		if _, _, err := r.FormFile("file"); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.turn.Lock()
		time.Sleep(c.takes)
		c.turn.Unlock()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.made++; c.made == 100 {
			close(c.half)
		}
		fmt.Fprintf(w, `{"success":true,"job_id":"%08x","result":{"face_count":1}}`, c.made)
	case strings.HasPrefix(r.URL.Path, "/api/v1/download/"):
		_, _ = w.Write(c.portrait)
	case r.Method == http.MethodDelete:
	default:
		http.Error(w, `{"detail":"Not Found"}`, http.StatusNotFound)
	}
}

// startStudio starts a studio that can be killed.
func startStudio(t *testing.T, folder, endpoint string) (*exec.Cmd, *visitor) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), folderVariable+"="+folder, endpointVariable+"="+endpoint)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, folder: folder}
	v.enter(strings.TrimSpace(address))
	return cmd, v
}

// TestKill kills the program with SIGKILL while it makes 200 portraits. The next
// one continues with what it had: nothing is lost, and nothing is made twice
// except what was at the server.
func TestKill(t *testing.T) {
	t.Parallel()
	const photos = 200
	server := newCounter(t, 2*time.Millisecond)
	folder := filepath.Join(t.TempDir(), "portraits")
	cmd, v := startStudio(t, folder, server.URL)
	for i := range photos {
		if _, status := v.drop(fmt.Sprintf("photo%03d.jpg", i), numbered(i)); status != http.StatusCreated {
			t.Fatalf("HTTP %d", status)
		}
	}
	<-server.half
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	_, v = startStudio(t, folder, server.URL)
	s := v.until("all portraits", settled)
	server.mu.Lock()
	made := server.made
	server.mu.Unlock()
	if got := len(files(t, folder)); got != photos || len(s.Photos) != photos {
		t.Errorf("%d portraits of %d photos, want %d", got, len(s.Photos), photos)
	}
	if most := photos + 2*batch.InFlight; made < photos || made > most {
		t.Errorf("the server made %d portraits, want at most %d", made, most)
	}
	for _, p := range s.Photos {
		if p.State != "done" || len(p.Files) != 1 {
			t.Errorf("%+v", p)
		}
	}
	if _, status := v.drop("photo007.jpg", numbered(7)); status != http.StatusOK {
		t.Errorf("a photo that is there already: HTTP %d", status)
	}
}

// TestMissedEvents: a page that was away is told what it missed, and no more; one
// that was away for too long, or knew another program, gets the whole state.
func TestMissedEvents(t *testing.T) {
	t.Parallel()
	v := open(t, Config{Endpoints: []string{newCounter(t, 0).URL}})
	first := <-v.stream("")
	if first.name != "state" {
		t.Fatalf("the first event is %s", first.name)
	}
	v.drop("anna.jpg", example)
	v.until("a portrait", settled)
	var seen []string
	for e := range v.stream(first.id) {
		var p photoView
		if e.name != "photo" {
			continue // about the server
		}
		if err := json.Unmarshal([]byte(e.data), &p); err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, p.State); p.State == "done" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "waiting making done" {
		t.Errorf("missed: %s", got)
	}
	for _, id := range []string{"OTHER-1", first.id + "999", "x"} {
		if e := <-v.stream(id); e.name != "state" {
			t.Errorf("after %s: %s", id, e.name)
		}
	}
}

// BenchmarkAgainstProcess drops 200 photos on the page, and gives them to
// `process` in the same run.
func BenchmarkAgainstProcess(t *testing.B) {
	const photos, takes = 200, 20 * time.Millisecond
	dir := t.TempDir()
	var names []string
	for i := range photos {
		path := filepath.Join(dir, fmt.Sprintf("photo%03d.jpg", i))
		if err := os.WriteFile(path, numbered(i), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, path)
	}
	processed := byProcess(t, newCounter(t, takes).URL, names)
	v := open(t, Config{Endpoints: []string{newCounter(t, takes).URL}})
	events := v.stream("")
	begin, first, done := time.Now(), time.Duration(0), 0
	go func() {
		for i := range photos {
			v.drop(fmt.Sprintf("photo%03d.jpg", i), numbered(i))
		}
	}()
	for done < photos {
		var p photoView
		if e := <-events; e.name == "photo" && json.Unmarshal([]byte(e.data), &p) == nil && p.State == "done" {
			if done++; done == 1 {
				first = time.Since(begin)
			}
		}
	}
	t.ReportMetric(first.Seconds(), "s-to-first")
	t.ReportMetric(time.Since(begin).Seconds()/processed.Seconds(), "times-process")
}

// byProcess is how long batch takes for photos, as `process` uses it.
func byProcess(t testing.TB, endpoint string, names []string) time.Duration {
	t.Helper()
	begin := time.Now()
	finder := batch.Finder{}
	found, _, err := finder.Find(names)
	if err != nil {
		t.Fatal(err)
	}
	recipe := batch.Recipe{Options: api.DefaultOptions(), Formats: []string{batch.PNG}}
	planner := batch.Planner{Output: batch.Output{Path: t.TempDir(), Formats: recipe.Formats}}
	jobs, err := planner.Plan(found)
	if err != nil {
		t.Fatal(err)
	}
	queue := make(chan *batch.Job)
	go func() {
		defer close(queue)
		for _, job := range (batch.Selection{Recipe: recipe}).Select(jobs).Todo {
			queue <- job
		}
	}()
	run := &batch.Run{Servers: []*batch.Server{{URL: endpoint}}, Recipe: recipe, Notice: func(*batch.Server, string) {},
		Report: func(r batch.Result) {
			if r.Outcome != batch.Done {
				t.Errorf("%s: %v", r.Name, r.Err)
			}
		}}
	if err := run.Do(t.Context(), queue); err != nil {
		t.Error(err)
	}
	return time.Since(begin)
}
