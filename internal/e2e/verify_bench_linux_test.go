package e2e

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
)

// BenchmarkVerifyDaemon looks at the files of an image of 1 GB and 30,000 files
// in the daemon, for the first and for the second time. Beside it, `docker
// export` reads the same files without looking at them. The first run should
// take less than 6 s and 100 MB, the second less than 1 s.
func BenchmarkVerifyDaemon(b *testing.B) {
	u := newUser(b)
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(largeImage(writer)) }()
	reference := dockertest.ImportArchive(b, u.docker, reader, "CMD /none")
	var first, second, export time.Duration
	var memory int64
	for n := 0; b.Loop(); n++ {
		u := u.with("XDG_CACHE_HOME=" + filepath.Join(u.dir, fmt.Sprint(n)))
		for _, took := range []*time.Duration{&first, &second} {
			begin := time.Now()
			peak, err := peakMemory(u.command("verify", "--depth", "files", "--quiet", reference))
			if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != int(fault.Pitfall)) {
				b.Fatal(err)
			}
			*took += time.Since(begin)
			memory = max(memory, peak)
		}
		export += timed(b, exec.CommandContext(b.Context(), "sh", "-c",
			`id=$(docker create "$0") && docker export "$id" >/dev/null; docker rm "$id"`, reference))
	}
	b.ReportMetric(first.Seconds()/float64(b.N), "s-first")
	b.ReportMetric(second.Seconds()/float64(b.N), "s-second")
	b.ReportMetric(float64(memory)/1000, "MB-memory")
	b.ReportMetric(float64(export)/float64(first), "times-docker-export")
}

// largeImage writes the files of a Python application as an archive: 30,000 of
// them, 1 GB.
func largeImage(w io.Writer) error {
	random := rand.NewChaCha8([32]byte{1})
	sizes := rand.New(random)
	archive := tar.NewWriter(w)
	add := func(name string, size int, fill io.Reader) error {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(size)}); err != nil {
			return err
		}
		_, err := io.CopyN(archive, fill, int64(size))
		return err
	}
	for _, part := range []struct {
		name       string
		files, min int
		text       bool
	}{
		{"usr/lib/python3/dist-packages/p%d/m%d.py", 15_000, 2_000, true},
		{"usr/share/doc/p%d/f%d", 10_000, 500, true},
		{"app/p%d/m%d.py", 3_000, 1_000, true},
		{"usr/lib/x86_64-linux-gnu/p%d/lib%d.so", 2_000, 60_000, false},
		{"app/models/p%d/m%d.onnx", 2, 170_000_000, false},
	} {
		for i := range part.files {
			fill := io.Reader(random)
			if part.text {
				fill = &words{random: sizes}
			}
			// Most files are small, and some are large.
			size := part.min + int(float64(part.min)*sizes.ExpFloat64()*3)
			if err := add(fmt.Sprintf(part.name, i/40, i), min(size, 20*part.min, 180_000_000), fill); err != nil {
				return err
			}
		}
	}
	return archive.Close()
}

// words are a text that looks like source code.
type words struct{ random *rand.Rand }

func (w *words) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], fmt.Sprintf("name%x = value(%d)\n", w.random.Uint32N(5000), w.random.Uint32N(100)))
	}
	return n, nil
}
