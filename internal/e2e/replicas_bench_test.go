package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// BenchmarkReplicas compares three servers with one, with as many photos in
// flight for each. The lite engine works on one photo at a time on one core,
// so the machine's cores are the limit.
func BenchmarkReplicas(b *testing.B) {
	const photos = 24
	u := newUser(b)
	u.port = dockertest.FreePorts(b, 3)
	dir := b.TempDir()
	copies(b, dir, photoData(b), photos)
	took := map[int]time.Duration{}
	for b.Loop() {
		for _, replicas := range []int{1, 3} {
			u.run("up", "--lite", "--quiet", "--no-open", "--recreate", "--gateway=false", "--replicas", strconv.Itoa(replicas))
			took[replicas] += timed(b, u.command("process", "--quiet", "--force", "-r", dir, "-o", b.TempDir()))
			u.run("down", "--quiet")
		}
	}
	b.ReportMetric(photos*float64(b.N)/took[1].Seconds(), "photos/s-with-1")
	b.ReportMetric(photos*float64(b.N)/took[3].Seconds(), "photos/s-with-3")
	b.ReportMetric(took[1].Seconds()/took[3].Seconds(), "times-one")
}
