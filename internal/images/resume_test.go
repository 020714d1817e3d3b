package images_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// pullWatching pulls, and calls once when so many bytes have been downloaded.
func (p *puller) pullWatching(t *testing.T, reference string, bytes int64, then func(cancel func())) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	options := p.with(p.estimate(t, reference))
	var once sync.Once
	options.Report = func(e progress.Event) {
		p.report(e)
		if e.Stage == progress.Pulling && e.Done >= bytes {
			once.Do(func() { then(cancel) })
		}
	}
	return p.Pull(ctx, plan.Image{Reference: reference, Platform: platform}, options)
}

// slow makes the registry's answers last, so that something can happen meanwhile.
func (p *puller) slow() {
	p.registry.Fail("/blobs/", -1, dockertest.Slow(64<<10, 5*time.Millisecond))
}

// settle waits until the registry has counted what it served, and resets it.
func (p *puller) settle() {
	for p.registry.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
	p.registry.Reset()
}

// kept is how many bytes of an image are in the cache.
func (p *puller) kept(t *testing.T, reference string) int64 {
	t.Helper()
	return images.Cached(p.direct.Dir, p.estimate(t, reference))
}

// pullTheRest pulls what is not in the cache, and checks that it is not more.
func (p *puller) pullTheRest(t *testing.T, reference string, kept int64) {
	t.Helper()
	p.settle()
	estimate := p.estimate(t, reference)
	p.registry.Reset()
	p.mustPull(t, reference)
	// The estimate reads the config once more.
	if served, most := p.registry.Served(), estimate.Download-kept+2*estimate.Source.Config.Size; served > most {
		t.Errorf("%d bytes of %d were kept, and %d served again", kept, estimate.Download, served)
	}
}

// TestTwoPullsAtOnce of one image: the second waits, and downloads nothing.
func TestTwoPullsAtOnce(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	img := dockertest.ImageOf(t, dockertest.Layer(t, 4<<20), dockertest.Layer(t, 1<<20))
	reference := p.push(t, "image:1", img)
	estimate := p.estimate(t, reference)
	p.registry.Reset()
	p.slow()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if err := p.tryPull(t, reference, estimate); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if served := p.registry.Served(); served != estimate.Download {
		t.Errorf("%d bytes were served; the image has %d", served, estimate.Download)
	}
	if p.count(progress.Busy) != 1 || p.reason() != "" {
		t.Errorf("%d waited; the daemon downloaded: %q", p.count(progress.Busy), p.reason())
	}
	p.checkImage(t, reference, estimate, img)
}

// TestTheTagMoved between two tries: the new image is pulled, and what they
// share is not downloaded again.
func TestTheTagMoved(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	shared := dockertest.Layer(t, 4<<20)
	reference := p.push(t, "image:1", dockertest.ImageOf(t, shared, dockertest.Layer(t, 8<<20)))
	p.slow()
	if err := p.pullWatching(t, reference, 5<<20, func(cancel func()) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p.settle()
	moved := dockertest.ImageOf(t, shared, dockertest.Layer(t, 2<<20))
	p.push(t, "image:1", moved)
	kept, estimate := p.kept(t, reference), p.estimate(t, reference)
	// A containerd store has taken the whole layer already.
	if kept < 3<<20 && !estimate.Layers[0].Here {
		t.Errorf("%d bytes of the shared layer were kept", kept)
	}
	p.pullTheRest(t, reference, kept)
	inspect, err := p.docker.ImageInspect(t.Context(), reference)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := moved.ConfigFile()
	if err != nil || len(inspect.RootFS.Layers) != 2 || inspect.RootFS.Layers[1] != layers.RootFS.DiffIDs[1].String() {
		t.Errorf("the image has the layers %v, %v; want %v", inspect.RootFS.Layers, err, layers.RootFS.DiffIDs)
	}
}

// TestFullCache: the cache directory's disk fills up in the middle of a pull.
// When there is room again, only the rest is downloaded.
func TestFullCache(t *testing.T) {
	t.Parallel()
	p := newDirectPuller(t)
	p.direct.Dir = filepath.Join(dockertest.SmallFileSystem(t, 120<<20), "cache")
	img := dockertest.ImageOf(t, dockertest.Layer(t, 20<<20))
	reference := p.push(t, "image:1", img)
	estimate := p.estimate(t, reference)
	filler := filepath.Join(filepath.Dir(p.direct.Dir), "filler")
	p.slow()
	err := p.pullWatching(t, reference, 8<<20, func(func()) {
		p.registry.LimitConnections(64 << 10) // the pull does not end before the disk is full
		defer p.registry.LimitConnections(0)
		if err := os.WriteFile(filler, make([]byte, 120<<20), 0o600); err == nil {
			t.Error("the disk is not full")
		}
	})
	if !errors.Is(err, fetch.ErrDisk) || !strings.Contains(fault.HintOf(err), "it continues where it stopped") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	kept := p.kept(t, reference)
	if kept < 8<<20 {
		t.Errorf("%d bytes were kept", kept)
	}
	p.pullTheRest(t, reference, kept)
	p.checkImage(t, reference, estimate, img)
}

// TestFullDaemon: the daemon cannot unpack what was downloaded, which is kept.
func TestFullDaemon(t *testing.T) {
	t.Parallel()
	p := newPuller(t, dockertest.NewSmallDaemon(t, 120<<20).Client(t))
	p.direct = images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	zeros := dockertest.FileLayer(t, "zeros", make([]byte, 150<<20)) // small to download and large to unpack
	reference := p.push(t, "image:1", dockertest.ImageOf(t, dockertest.Layer(t, 1<<20), zeros))
	download := p.estimate(t, reference).Download
	for range 2 {
		err := p.pull(t, reference)
		if hint := fault.HintOf(err); hint != "free up disk space: docker system df shows what Docker uses" {
			t.Errorf("%v (%s)", err, hint)
		}
		if kept := p.kept(t, reference); kept != download || p.reason() != "" {
			t.Errorf("%d bytes of %d are kept; the daemon downloaded: %q", kept, download, p.reason())
		}
	}
}

// TestTheDaemonDies in the middle of a pull. After its restart only the rest is
// downloaded.
func TestTheDaemonDies(t *testing.T) {
	t.Parallel()
	daemon := dockertest.NewSmallDaemon(t, 120<<20)
	p := newPuller(t, daemon.Client(t))
	p.direct = images.Direct{Dir: t.TempDir(), Connections: fetch.Connections}
	img := dockertest.ImageOf(t, dockertest.Layer(t, 8<<20))
	reference := p.push(t, "image:1", img)
	estimate := p.estimate(t, reference)
	p.slow()
	if err := p.pullWatching(t, reference, 4<<20, func(func()) { daemon.Kill() }); err == nil {
		t.Fatal("the pull succeeded without a daemon")
	}
	daemon.Start(t)
	kept := p.kept(t, reference)
	if kept < 4<<20 {
		t.Errorf("%d bytes were kept", kept)
	}
	p.pullTheRest(t, reference, kept)
	p.checkImage(t, reference, estimate, img)
}
