package e2e

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/verify"
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
	inspected, err := u.docker.ImageInspect(b.Context(), reference)
	if err != nil {
		b.Fatal(err)
	}
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
	b.ReportMetric(float64(inspected.Size)/1e9, "GB-image")
	b.ReportMetric(first.Seconds()/float64(b.N), "s-first")
	b.ReportMetric(second.Seconds()/float64(b.N), "s-second")
	b.ReportMetric(float64(memory)/1000, "MB-memory")
	b.ReportMetric(float64(export)/float64(first), "times-docker-export")
}

// BenchmarkVerifyLayers finds the bytes of an image that no container sees, in
// the daemon, beside dive (https://github.com/wagoodman/dive), which counts all
// copies of a file and compares none of different names.
func BenchmarkVerifyLayers(b *testing.B) {
	dive, err := exec.LookPath("dive")
	if err != nil {
		b.Skip("dive is not installed: go install github.com/wagoodman/dive/cmd/dive@latest")
	}
	u := newUser(b)
	reference := dockertest.Load(b, u.docker, wastefulImage(b))
	var ours, theirs time.Duration
	var found, divesFound int64
	for n := 0; b.Loop(); n++ {
		begin := time.Now()
		var report verify.Report
		data, err := u.with("XDG_CACHE_HOME="+filepath.Join(u.dir, fmt.Sprint(n))).
			command("verify", "--depth", "layers", "--json", reference).Output()
		if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != int(fault.Pitfall)) {
			b.Fatal(err)
		}
		if err := json.Unmarshal(data, &report); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begin)
		found = report.Size.Causes[verify.Deleted] + report.Size.Causes[verify.Rewritten] +
			report.Size.Causes[verify.Overwritten] +
			report.Size.Causes[verify.Duplicate]
		file := filepath.Join(u.dir, "dive.json")
		theirs += timed(b, exec.CommandContext(b.Context(), dive, "--json", file, reference))
		divesFound = inefficientBytes(b, file)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s-verify")
	b.ReportMetric(float64(theirs)/float64(ours), "times-dive")
	b.ReportMetric(float64(found)/1e6, "MB-found")
	b.ReportMetric(float64(divesFound)/1e6, "MB-found-by-dive")
}

// inefficientBytes are those of dive's report.
func inefficientBytes(b *testing.B, file string) int64 {
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var report struct {
		Image struct{ InefficientBytes int64 }
	}
	if err := json.Unmarshal(data, &report); err != nil {
		b.Fatal(err)
	}
	return report.Image.InefficientBytes
}

// wastefulImage has 100 MB that a later layer chowns, 60 MB that it deletes, and
// 40 MB under two names: 200 MB that nobody needs.
func wastefulImage(b *testing.B) v1.Image {
	random := make([]byte, 200_000_000)
	if _, err := rand.NewChaCha8([32]byte{2}).Read(random); err != nil {
		b.Fatal(err)
	}
	model, wheel, twice := random[:100_000_000], random[100_000_000:160_000_000], random[160_000_000:]
	return dockertest.ImageOf(b,
		dockertest.FileLayer(b, "model.onnx", model), dockertest.FileLayer(b, "torch.whl", wheel),
		dockertest.FileLayer(b, "one.so", twice), dockertest.FileLayer(b, "two.so", twice),
		dockertest.FileLayer(b, "model.onnx", model), dockertest.FileLayer(b, ".wh.torch.whl", nil))
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
