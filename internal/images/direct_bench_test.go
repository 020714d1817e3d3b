package images_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// BenchmarkDirect compares a pull by this program with one by Docker, of the
// same image from the same registry in the same run. speedup is how many times
// faster it is, and peak-MB the most memory of a process that pulls.
func BenchmarkDirect(b *testing.B) {
	const mega = 1 << 20
	small := func() (layers []v1.Layer) {
		for range 40 {
			layers = append(layers, dockertest.Layer(b, mega))
		}
		return layers
	}
	for _, bench := range []struct {
		name   string
		limit  int64 // of each connection, in bytes a second
		layers []v1.Layer
	}{
		{"each connection an eighth of the line", 5 * mega, []v1.Layer{dockertest.Layer(b, 150*mega)}},
		{"unlimited", 0, []v1.Layer{dockertest.Layer(b, 400*mega)}},
		{"forty small layers", 0, small()},
	} {
		b.Run(bench.name, func(b *testing.B) {
			p := newDirectPuller(b)
			reference := p.push(b, "image:1", dockertest.ImageOf(b, bench.layers...))
			p.registry.LimitConnections(bench.limit)
			var byDocker, direct time.Duration
			for b.Loop() {
				byDocker += p.timed(b, reference, func() { p.pullWithDocker(b, reference) })
				direct += p.timed(b, reference, func() { p.mustPull(b, reference) })
			}
			b.ReportMetric(byDocker.Seconds()/float64(b.N), "docker-s/op")
			b.ReportMetric(direct.Seconds()/float64(b.N), "direct-s/op")
			b.ReportMetric(byDocker.Seconds()/direct.Seconds(), "speedup")
			b.ReportMetric(float64(p.peak(b, reference))/1e6, "peak-MB")
		})
	}
}

// timed measures a pull, and removes the image again.
func (p *puller) timed(b *testing.B, reference string, pull func()) time.Duration {
	b.Helper()
	began := time.Now()
	pull()
	took := time.Since(began)
	p.remove(b, reference)
	return took
}

// peak measures the memory of a pull, in bytes, and removes the image again.
func (p *puller) peak(b *testing.B, reference string) (bytes int64) {
	b.Helper()
	output, err := p.child(b, reference).Output()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Sscan(string(output), &bytes); err != nil {
		b.Fatal(err)
	}
	p.remove(b, reference)
	return bytes
}

// BenchmarkInterrupted stops both pulls at 90 % of a layer of 1 GiB, and reports how
// much of it their second tries download.
func BenchmarkInterrupted(b *testing.B) {
	const size = 1 << 30
	p := newDirectPuller(b)
	reference := p.push(b, "image:1", dockertest.ImageOf(b, dockertest.Layer(b, size)))
	p.registry.LimitConnections(100 << 20) // leaves time to stop it
	again := func(direct images.Direct) float64 {
		p.direct = direct
		p.stopAt(b, reference, size/10*9)
		p.registry.Reset()
		p.mustPull(b, reference)
		p.remove(b, reference)
		return float64(p.registry.Served()) / size * 100
	}
	ours := p.direct
	for b.Loop() {
		b.ReportMetric(again(images.Direct{}), "docker-%")
		b.ReportMetric(again(ours), "direct-%")
	}
}

// stopAt interrupts a pull when so many bytes have arrived.
func (p *puller) stopAt(b *testing.B, reference string, bytes int64) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	options := p.with(p.estimate(b, reference))
	options.Report = func(e progress.Event) {
		if e.Stage == progress.Pulling && e.Done >= bytes {
			cancel()
		}
	}
	if err := p.Pull(ctx, plan.Image{Reference: reference, Platform: platform}, options); err == nil {
		b.Fatal("it was not stopped in time")
	}
	for p.registry.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
}
