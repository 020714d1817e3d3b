package images

import (
	"context"
	"errors"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/fetch"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// download gets an image's blobs into the cache directory, where they stay until
// they are no longer needed.
type download struct {
	estimate registry.Estimate
	options  Direct
	tell     Reporter
	cache    *fetch.Store
	fetcher  *fetch.Fetcher
	rate     rate
	noted    error // the last reported problem
}

// open takes the cache, and waits for another process that is using it.
func (d *download) open(ctx context.Context) (waited bool, err error) {
	d.cache, err = fetch.OpenStore(ctx, d.options.Dir, func() {
		waited = true
		d.tell(progress.Event{Stage: progress.Busy, Subject: d.estimate.Reference})
	})
	return waited, err
}

// start starts downloading: everything that is missing, or only what is read.
func (d *download) start(ctx context.Context, ahead bool) (err error) {
	if d.fetcher, err = fetch.Start(ctx, d.cache, d.order(ahead)); err != nil {
		return err
	}
	total := d.fetcher.Progress().Total
	d.tell(progress.Event{Stage: progress.Pulling, Subject: d.estimate.Reference, Total: total})
	return nil
}

// end deletes the blobs after a success. Otherwise it keeps them, and reports how
// much was kept.
func (d *download) end(err error) error {
	if err == nil {
		return errors.Join(d.fetcher.Discard(), d.cache.Forget(d.blobs()...))
	}
	err = errors.Join(err, d.fetcher.Close())
	if kept := fetch.Here(d.options.Dir, d.blobs()...); kept > 0 {
		d.tell(progress.Event{Stage: progress.Cached, Subject: d.options.Dir, Done: kept})
	}
	return err
}

// order lists what to download: the config and the layers, in the order in
// which they are unpacked.
func (d *download) order(ahead bool) fetch.Order {
	source := d.estimate.Source
	order := fetch.Order{Repository: source.Repository, Auth: source.Auth, Connections: d.options.Connections}
	for i, b := range d.blobs() {
		here := i > 0 && d.estimate.Layers[i-1].Here
		order.Blobs = append(order.Blobs, fetch.Item{Blob: b, Ahead: ahead && !here})
	}
	return order
}

func (d *download) blobs() []fetch.Blob { return blobsOf(d.estimate.Source) }

func (d *download) explain(err error) error {
	if errors.Is(err, fetch.ErrDisk) {
		return err
	}
	return registry.Explain(d.estimate.Reference, err)
}

// event returns the current state, and reports new problems.
func (d *download) event() progress.Event {
	now, p := time.Now(), d.fetcher.Progress()
	d.rate.add(now, p.Received)
	if p.Trouble != nil && p.Trouble != d.noted {
		pause := max(p.Resume.Sub(now), 0).Round(time.Second)
		d.tell(progress.Event{Stage: progress.Retrying, Subject: p.Trouble.Error(), Left: pause})
	}
	d.noted = p.Trouble
	return progress.Event{Stage: progress.Pulling, Subject: d.estimate.Reference, Done: p.Done, Total: p.Total,
		Rate: d.rate.perSecond(), Left: d.rate.left(p.Total - p.Done), Connections: p.Connections}
}

// every calls a function at each report interval until ctx is done.
func every(ctx context.Context, call func()) {
	ticker := time.NewTicker(reportInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			call()
		}
	}
}

// Blobs are an image's blobs, which may still be arriving.
type Blobs struct {
	download *download
	ctx      context.Context
}

// Open opens a blob. The last byte is only returned once the digest has been
// verified.
func (b *Blobs) Open(digest v1.Hash) (io.Reader, error) {
	return b.download.fetcher.Open(b.ctx, digest)
}

// Arrived reports whether everything has been downloaded.
func (b *Blobs) Arrived() bool {
	p := b.download.fetcher.Progress()
	return p.Done == p.Total
}

// Download downloads an image's blobs from its registry, without a daemon, and calls
// use, which may read them while they arrive. An interrupted download is continued by the next one,
// or by the next Pull. The estimate must have a source.
func Download(ctx context.Context, estimate registry.Estimate, options Direct, report Reporter,
	use func(*Blobs) error) (err error) {
	d := &download{estimate: estimate, options: options, tell: report}
	if _, err := d.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.cache.Close()) }()
	if err := d.start(ctx, true); err != nil {
		return err
	}
	return d.end(d.serve(ctx, use))
}

// serve calls use, and reports progress until all blobs have arrived.
func (d *download) serve(ctx context.Context, use func(*Blobs) error) error {
	reporting, stop := context.WithCancel(ctx)
	reported := make(chan struct{})
	blobs := &Blobs{d, ctx}
	go func() {
		defer close(reported)
		every(reporting, func() {
			if e := d.event(); !blobs.Arrived() {
				d.tell(e)
			}
		})
	}()
	err := use(blobs)
	stop()
	<-reported
	if err == nil || ctx.Err() != nil {
		return err
	}
	if cause := d.fetcher.Err(); cause != nil {
		return d.explain(cause)
	}
	return err
}
