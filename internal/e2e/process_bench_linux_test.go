package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// curlScript is a shell's version: a request for the portrait and one for its
// download, two photos at once.
const curlScript = `find "$1" -type f | xargs -P2 -I{} sh -c '
job=$(curl -sf -F file=@"$1" "$2/api/v1/process" | sed -n "s/.*\"job_id\":\"\([^\"]*\)\".*/\1/p")
curl -sf -o "$3/$(basename "$1").png" "$2/api/v1/download/$job/png"' _ {} "$2" "$3"`

// quickScript is the shortest possible: one request for each photo. It has no
// option but the size, and leaves the JPEG out.
const quickScript = `find "$1" -type f | xargs -P2 -I{} sh -c '
curl -sf -o "$3/$(basename "$1").png" -F file=@"$1" "$2/api/v1/process/quick"' _ {} "$2" "$3"`

// BenchmarkProcessSlowServer has the server as its limit: the built-in engine,
// on real photos.
func BenchmarkProcessSlowServer(b *testing.B) {
	engine, err := newLite(b.TempDir(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(engine)
	defer server.Close()
	compare(b, server.URL, photoData(b), 12, map[string]string{"curl": curlScript, "quick": quickScript})
}

// BenchmarkProcessFastServer has the client as its limit: the server answers at
// once.
func BenchmarkProcessFastServer(b *testing.B) {
	server := httptest.NewServer(instantServer())
	defer server.Close()
	compare(b, server.URL, smallJPEG(b), 400, map[string]string{"curl": curlScript, "quick": quickScript})
}

// compare reports how many times faster than the scripts the program is.
func compare(b *testing.B, url string, photo []byte, n int, scripts map[string]string) {
	binary := dockertest.Binary(b)
	in := b.TempDir()
	copies(b, in, photo, n)
	var program time.Duration
	rivals := map[string]time.Duration{}
	for b.Loop() {
		program += timed(b, exec.CommandContext(b.Context(), binary,
			"process", "-r", in, "-o", b.TempDir(), "--endpoint", url, "--quiet"))
		for name, script := range scripts {
			out := b.TempDir()
			rivals[name] += timed(b, exec.CommandContext(b.Context(), "sh", "-c", script, "sh", in, url, out))
			if made := portraits(b, out); made != n {
				b.Fatalf("%s made %d portraits of %d", name, made, n)
			}
		}
	}
	b.ReportMetric(float64(n*b.N)/program.Seconds(), "photos/s")
	for name, took := range rivals {
		b.ReportMetric(float64(took)/float64(program), "times-"+name)
	}
}

// portraits counts the PNGs in a directory.
func portraits(b *testing.B, dir string) (n int) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && bytes.HasPrefix(data, []byte("\x89PNG")) {
			n++
		}
	}
	return n
}

// BenchmarkProcessTenThousand measures the memory for 10,000 photos of 1 MB,
// and the time for 10,000 small ones and for finding that there is nothing to
// do.
func BenchmarkProcessTenThousand(b *testing.B) {
	const n = 10_000
	binary := dockertest.Binary(b)
	server := httptest.NewServer(instantServer())
	defer server.Close()
	run := func(in, out string) (time.Duration, int64) {
		cmd := exec.CommandContext(b.Context(), binary, "process", "-r", in, "-o", out, "--endpoint", server.URL, "--quiet")
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		begin := time.Now()
		peak, err := peakMemory(cmd)
		if err != nil || bytes.Count(output.Bytes(), []byte("\n")) != n {
			b.Fatalf("%v\n%.1000s", err, &output)
		}
		return time.Since(begin), peak
	}
	var small, again time.Duration
	var peak int64
	for b.Loop() {
		photo := smallJPEG(b)
		out := b.TempDir()
		in := links(b, photo, n)
		took, _ := run(in, out)
		small += took
		took, _ = run(in, out)
		again += took
		megabyte := links(b, append(bytes.Clone(photo), make([]byte, 1<<20-len(photo))...), n)
		_, used := run(megabyte, b.TempDir())
		peak = max(peak, used)
	}
	b.ReportMetric(float64(n*b.N)/small.Seconds(), "photos/s")
	b.ReportMetric(again.Seconds()/float64(b.N), "s-nothing-to-do")
	b.ReportMetric(float64(peak)/1024, "MB-peak")
}

// links is a directory with one photo under n names.
func links(b *testing.B, photo []byte, n int) string {
	dir := b.TempDir()
	first := filepath.Join(dir, "p00000.jpg")
	if err := os.WriteFile(first, photo, 0o600); err != nil {
		b.Fatal(err)
	}
	for i := 1; i < n; i++ {
		if err := os.Link(first, filepath.Join(dir, fmt.Sprintf("p%05d.jpg", i))); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func smallJPEG(b *testing.B) []byte {
	var data bytes.Buffer
	if err := jpeg.Encode(&data, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		b.Fatal(err)
	}
	return data.Bytes()
}

// instantServer follows the contract without doing any work.
func instantServer() http.Handler {
	var jobs atomic.Int64
	var portrait bytes.Buffer
	_ = png.Encode(&portrait, image.NewNRGBA(image.Rect(0, 0, 648, 648)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.URL.Path == "/ready":
			fmt.Fprint(w, `{"ready":true}`)
		case r.URL.Path == "/api/v1/process":
			fmt.Fprintf(w, `{"success":true,"job_id":"%08x"}`, jobs.Add(1))
		case r.URL.Path == "/readiness", r.URL.Path == "/status":
			notFound(w)
		case r.Method == http.MethodGet, r.URL.Path == "/api/v1/process/quick":
			_, _ = w.Write(portrait.Bytes())
		case r.Method == http.MethodDelete:
		default:
			notFound(w)
		}
	})
}

func notFound(w http.ResponseWriter) {
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `{"detail":"Not Found"}`)
}
