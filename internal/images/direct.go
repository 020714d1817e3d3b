package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/containerd/errdefs"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/loopback"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// Direct makes Pull download the layers itself, over several connections and
// resumably, and has the daemon pull them from this program.
type Direct struct {
	Dir         string // where layers are kept until the daemon has them all
	Connections int    // at most; 0 leaves the download to the daemon
}

// proofTimeout limits the test whether the daemon can reach this program.
const proofTimeout = 5 * time.Second

// direct is a pull by this program.
type direct struct {
	*pulling
	download *download
	server   *loopback.Server
	begun    chan struct{} // closed when the download has started
}

// direct prepares a pull by this program, or says why the daemon has to do it.
func (s *Store) direct(ctx context.Context, p *pulling, o PullOptions) (*direct, string) {
	download := &download{estimate: o.Estimate, options: o.Direct, tell: p.tell}
	d := &direct{pulling: p, download: download, begun: make(chan struct{})}
	if why := o.Direct.Objection(o.Estimate); why != "" {
		return nil, why
	}
	if why := d.serve(ctx); why != "" {
		return nil, why
	}
	return d, ""
}

// Objection returns what rules a direct pull out before trying anything, or "".
func (o Direct) Objection(estimate registry.Estimate) string {
	switch {
	case o.Connections == 0:
		return "--connections 0"
	case o.Dir == "":
		return "there is no cache directory"
	case estimate.Source == nil:
		return "the registry cannot be reached from here"
	case len(estimate.Missing()) == 0:
		return "all layers are available locally"
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return "the cache directory is not writable: " + err.Error()
	}
	// The daemon's files may be on the same disk.
	needed := estimate.Download - Cached(o.Dir, estimate) + estimate.Peak()
	if free, err := helpercmd.FreeDisk(o.Dir); err == nil && free < needed {
		return fmt.Sprintf("not enough disk space for a copy in %s: %s needed, %s free",
			o.Dir, format.Size(needed), format.Size(free))
	}
	return ""
}

// serve starts serving the image and has the daemon request it, to prove that
// it can.
func (d *direct) serve(ctx context.Context) (why string) {
	source := d.download.estimate.Source
	image := loopback.Image{Name: source.Repository.RepositoryStr(), Blobs: d.open}
	for _, m := range source.Manifests {
		image.Manifests = append(image.Manifests, loopback.Manifest(m))
	}
	server, err := loopback.Serve(image)
	if err != nil {
		return err.Error()
	}
	if why := d.store.proof(ctx, server); why != "" {
		server.Close()
		return why
	}
	d.server = server
	return ""
}

// proof has the daemon send a request to a server in this program.
func (s *Store) proof(ctx context.Context, server *loopback.Server) (why string) {
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	_, err := s.Docker.DistributionInspect(ctx, server.Reference(), "")
	switch {
	case server.Asked():
		return ""
	case errdefs.IsNotFound(err): // Podman has no such request; Docker would have asked
		return "the engine cannot query registries, as Podman cannot"
	}
	return fmt.Sprintf("Docker cannot reach 127.0.0.1 of this machine: %v", err)
}

// CanPullFromHere returns why the daemon cannot pull layers from this program,
// or "".
func (s *Store) CanPullFromHere(ctx context.Context) (why string) {
	server, err := loopback.Serve(loopback.Image{Name: "probe"})
	if err != nil {
		return err.Error()
	}
	defer server.Close()
	return s.proof(ctx, server)
}

// open opens a blob for the server.
func (d *direct) open(ctx context.Context, digest v1.Hash) (io.ReadSeeker, error) {
	select {
	case <-d.begun:
		return d.download.fetcher.Open(ctx, digest)
	default:
		return nil, errors.New("nothing has been downloaded yet")
	}
}

// run downloads while the daemon pulls.
func (d *direct) run(ctx context.Context) (err error) {
	defer d.server.Close()
	waited, err := d.download.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.download.cache.Close()) }()
	d.store.removeServed(ctx, func(host string) bool { return !listening(ctx, host) }) // from a call that was killed
	// The process that was waited for may have pulled this image.
	if err := d.download.start(ctx, !waited); err != nil {
		return err
	}
	close(d.begun)
	return d.download.end(d.pull(ctx))
}

// Cached returns how many of the bytes that an estimate expects to download an
// earlier pull has left in a directory.
func Cached(dir string, estimate registry.Estimate) int64 {
	if estimate.Source == nil || dir == "" || estimate.Download == 0 {
		return 0
	}
	missing := blobsOf(estimate.Source)[:1]
	for i, b := range blobsOf(estimate.Source)[1:] {
		if !estimate.Layers[i].Here {
			missing = append(missing, b)
		}
	}
	return fetch.Here(dir, missing...)
}

func blobsOf(source *registry.Source) []fetch.Blob {
	blobs := []fetch.Blob{{Digest: source.Config.Digest, Size: source.Config.Size}}
	for _, layer := range source.Layers {
		blobs = append(blobs, fetch.Blob{Digest: layer.Digest, Size: layer.Size})
	}
	return blobs
}

// pull has the daemon pull from here, and tags the image.
func (d *direct) pull(ctx context.Context) error {
	taking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := d.download.fetcher.Failure(taking); err != nil {
			cancel(err) // the daemon would keep retrying for a long time
		}
	}()
	go every(taking, d.report) // even while the daemon waits
	d.from, d.event = d.server.Reference(), d.state
	d.retry.Stall = pullStall
	err := d.pulling.run(taking)
	if cause := context.Cause(taking); err != nil && cause != nil && ctx.Err() == nil {
		err = d.download.explain(cause)
	}
	if err != nil {
		return err
	}
	return d.adopt(ctx)
}

// pullStall is how long the daemon may make no progress. It is long because the
// fetcher has its own retries, and reports when it gives up.
const pullStall = 10 * time.Minute

// state returns the progress of the download and then of the unpacking.
func (d *direct) state() progress.Event {
	e := d.download.event()
	if e.Done == e.Total {
		return progress.Event{Stage: progress.Unpacking, Subject: e.Subject,
			Done: d.tally.unpack, Total: d.tally.total()}
	}
	e.Unpacked = d.tally.unpack
	return e
}
