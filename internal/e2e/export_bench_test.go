package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// BenchmarkCompose is the time to look at the machine and write the file,
// beside `docker info`, which is one look.
func BenchmarkCompose(b *testing.B) {
	dockertest.Engine(b)
	binary := dockertest.Binary(b)
	b.Setenv("FACECRAFT_CLI_PORT", fmt.Sprint(dockertest.FreePort(b)))
	var compose, info time.Duration
	for b.Loop() {
		compose += timed(b, binary, "compose")
		info += timed(b, "docker", "info")
	}
	b.ReportMetric(float64(compose.Milliseconds())/float64(b.N), "ms-compose")
	b.ReportMetric(float64(compose)/float64(info), "times-docker-info")
}

// BenchmarkReplicas is what three servers do in the time in which one does
// one photo, with as many photos in flight for each. The lite engine works on
// one photo at a time on one core, so that the cores of the machine are the
// limit.
func BenchmarkReplicas(b *testing.B) {
	const photos = 24
	docker := dockertest.Engine(b)
	binary := dockertest.Binary(b)
	dockertest.Lite(b)
	dir := b.TempDir()
	data, err := os.ReadFile(filepath.Join("testdata", "photos", "astronaut.png"))
	if err != nil {
		b.Fatal(err)
	}
	for i := range photos {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), data, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.Setenv("FACECRAFT_INSTANCE", dockertest.Instance(b, docker))
	b.Setenv("FACECRAFT_CLI_PORT", fmt.Sprint(dockertest.FreePorts(b, 3)))
	took := map[int]time.Duration{}
	for b.Loop() {
		for _, replicas := range []int{1, 3} {
			timed(b, binary, "up", "--lite", "--quiet", "--no-open", "--recreate", "--replicas", strconv.Itoa(replicas))
			took[replicas] += timed(b, binary, "process", "--quiet", "--force", "-r", dir, "-o", b.TempDir())
			timed(b, binary, "down", "--quiet")
		}
	}
	b.ReportMetric(photos*float64(b.N)/took[1].Seconds(), "photos/s-with-1")
	b.ReportMetric(photos*float64(b.N)/took[3].Seconds(), "photos/s-with-3")
	b.ReportMetric(took[1].Seconds()/took[3].Seconds(), "times-one")
}
