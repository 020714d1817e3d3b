package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/inside"
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
	estimate registry.Estimate
	options  Direct
	server   *loopback.Server
	cache    *fetch.Store
	fetcher  *fetch.Fetcher
	begun    chan struct{} // closed when there is a fetcher
	rate     rate
	noted    error // the last reported problem
}

// direct prepares a pull by this program, or says why the daemon has to do it.
func (s *Store) direct(ctx context.Context, p *pulling, o PullOptions) (*direct, string) {
	d := &direct{pulling: p, estimate: o.Estimate, options: o.Direct, begun: make(chan struct{})}
	if why := d.objection(); why != "" {
		return nil, why
	}
	if why := d.serve(ctx); why != "" {
		return nil, why
	}
	return d, ""
}

// objection says what rules it out before trying anything.
func (d *direct) objection() string {
	switch {
	case d.options.Connections == 0:
		return "--connections 0"
	case d.options.Dir == "":
		return "there is no cache directory"
	case d.estimate.Source == nil:
		return "the registry cannot be reached from here"
	case len(d.estimate.Missing()) == 0:
		return "all layers are available locally"
	}
	if err := os.MkdirAll(d.options.Dir, 0o700); err != nil {
		return "the cache directory is not writable: " + err.Error()
	}
	missing := d.estimate.Download - Cached(d.options.Dir, d.estimate)
	// The daemon's files may be on the same disk.
	if free, err := inside.FreeDisk(d.options.Dir); err == nil && free < missing+d.estimate.Peak() {
		return fmt.Sprintf("not enough disk space for a copy in %s: %s needed, %s free",
			d.options.Dir, format.Size(missing+d.estimate.Peak()), format.Size(free))
	}
	return ""
}

// serve starts serving the image and has the daemon request it, to prove that
// it can.
func (d *direct) serve(ctx context.Context) (why string) {
	source := d.estimate.Source
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
	if !server.Asked() {
		return fmt.Sprintf("Docker cannot reach 127.0.0.1 of this machine: %v", err)
	}
	return ""
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
		return d.fetcher.Open(ctx, digest)
	default:
		return nil, errors.New("nothing has been downloaded yet")
	}
}

// run downloads while the daemon pulls.
func (d *direct) run(ctx context.Context) (err error) {
	defer d.server.Close()
	waited := false
	d.cache, err = fetch.OpenStore(ctx, d.options.Dir, func() {
		waited = true
		d.tell(progress.Event{Stage: progress.Busy, Subject: d.image.Reference})
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.cache.Close()) }()
	d.store.removeServed(ctx, func(host string) bool { return !listening(ctx, host) }) // from a call that was killed
	// The process that was waited for may have pulled this image.
	if d.fetcher, err = fetch.Start(ctx, d.cache, d.order(!waited)); err != nil {
		return err
	}
	close(d.begun)
	d.tell(progress.Event{Stage: progress.Pulling, Subject: d.image.Reference, Total: d.fetcher.Progress().Total})
	if err := d.pull(ctx); err != nil {
		return d.leave(err)
	}
	return errors.Join(d.fetcher.Discard(), d.cache.Forget(d.blobs()...))
}

// leave reports what is kept of an unfinished download.
func (d *direct) leave(err error) error {
	err = errors.Join(err, d.fetcher.Close())
	if kept := fetch.Here(d.options.Dir, d.blobs()...); kept > 0 {
		d.tell(progress.Event{Stage: progress.Cached, Subject: d.options.Dir, Done: kept})
	}
	return err
}

// order lists what to download: the config and the layers, in the order in
// which the daemon unpacks them.
func (d *direct) order(ahead bool) fetch.Order {
	order := fetch.Order{Repository: d.estimate.Source.Repository, Auth: d.estimate.Source.Auth, Connections: d.options.Connections}
	for i, b := range d.blobs() {
		here := i > 0 && d.estimate.Layers[i-1].Here
		order.Blobs = append(order.Blobs, fetch.Item{Blob: b, Ahead: ahead && !here})
	}
	return order
}

func (d *direct) blobs() []fetch.Blob { return blobsOf(d.estimate.Source) }

// Cached returns how many of the bytes that an estimate expects to download are
// left in a directory by an earlier pull.
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
		if err := d.fetcher.Failure(taking); err != nil {
			cancel(err) // the daemon would keep retrying for a long time
		}
	}()
	go d.watch(taking)
	d.from, d.event = d.server.Reference(), d.state
	d.retry.Stall = pullStall
	err := d.pulling.run(taking)
	if cause := context.Cause(taking); err != nil && cause != nil && ctx.Err() == nil {
		err = d.explain(cause)
	}
	if err != nil {
		return err
	}
	return d.adopt(ctx)
}

// pullStall is how long the daemon may make no progress: the fetcher has its
// own retries, and says when it gives up.
const pullStall = 10 * time.Minute

func (d *direct) explain(err error) error {
	if errors.Is(err, fetch.ErrDisk) {
		return err
	}
	return registry.Explain(d.image.Reference, err)
}

// watch reports progress, even while the daemon waits.
func (d *direct) watch(ctx context.Context) {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.report()
		}
	}
}

// state is the download while it lasts, then the unpacking.
func (d *direct) state() progress.Event {
	now, p := time.Now(), d.fetcher.Progress()
	d.rate.add(now, p.Received)
	if p.Trouble != nil && p.Trouble != d.noted {
		d.tell(progress.Event{Stage: progress.Retrying, Subject: p.Trouble.Error(), Left: max(p.Resume.Sub(now), 0).Round(time.Second)})
	}
	d.noted = p.Trouble
	if p.Done == p.Total {
		return progress.Event{Stage: progress.Unpacking, Subject: d.image.Reference, Done: d.tally.unpack, Total: d.tally.total()}
	}
	e := progress.Event{Stage: progress.Pulling, Subject: d.image.Reference, Done: p.Done, Total: p.Total,
		Rate: d.rate.perSecond(), Connections: p.Connections, Unpacked: d.tally.unpack}
	if e.Rate > 0 {
		e.Left = time.Duration(float64(e.Total-e.Done) / float64(e.Rate) * float64(time.Second)).Round(time.Second)
	}
	return e
}
