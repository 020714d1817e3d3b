// Package fetch downloads blobs by digest from a registry, with several range
// requests in parallel. What has arrived is kept on disk, block by block, and the
// next call continues where the last one stopped, even if that was killed. No
// reader gets the end of a blob before its digest has been verified. The package
// knows nothing about Docker or images.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// MaxConnections is the limit for parallel connections, and Connections the
// default: some registries take more for an attack.
const (
	MaxConnections = 16
	Connections    = 8
)

// Patience is how long a download tolerates network problems.
type Patience struct {
	// Attempts is how many may fail in a row without receiving a single byte.
	Attempts int
	// Backoff is the pause after the first failure; it doubles each time.
	Backoff time.Duration
	// Longest is the longest pause, including those that a registry asks for.
	Longest time.Duration
	// Stall is how long a connection may receive nothing before it is cut.
	Stall time.Duration
}

// DefaultPatience suits a large download over a bad network: it gives up after
// about four minutes without a byte.
var DefaultPatience = Patience{Attempts: 8, Backoff: time.Second, Longest: 2 * time.Minute, Stall: 30 * time.Second}

// Order describes what to download, and how.
type Order struct {
	Repository name.Repository
	Auth       authn.Authenticator // nil means anonymous
	Blobs      []Item              // in the order in which they are needed
	// Connections is the maximum number; 0 means the default.
	Connections int
	Patience    Patience          // the zero value means DefaultPatience
	Transport   http.RoundTripper // nil outside tests
}

// Item is a blob of an Order.
type Item struct {
	Blob
	// Ahead downloads the blob before anyone reads it.
	Ahead bool
}

// Progress is the state of a download.
type Progress struct {
	Kept        int64 // bytes that were available before
	Done        int64 // bytes that are available, including Kept
	Total       int64 // bytes of everything that is fetched
	Received    int64 // bytes from the network
	Connections int
	// Trouble is the last failure; it is nil again once data arrives.
	Trouble error
	// Resume is when the next attempt starts.
	Resume time.Time
}

// Fetcher downloads an Order into a Store.
type Fetcher struct {
	order Order
	blobs []*blob
	woken chan struct{}
	stop  context.CancelCauseFunc
	done  sync.WaitGroup

	received atomic.Int64
	buffers  sync.Pool

	mu       sync.Mutex
	progress Progress
	err      error
	over     chan struct{} // closed when the download has ended because of err
}

// Start starts a download, which ends when ctx is done. The caller ends it with
// Close or Discard.
func Start(ctx context.Context, store *Store, order Order) (*Fetcher, error) {
	if order.Patience == (Patience{}) {
		order.Patience = DefaultPatience
	}
	if order.Auth == nil {
		order.Auth = authn.Anonymous
	}
	if order.Connections <= 0 {
		order.Connections = Connections
	}
	f := &Fetcher{order: order, woken: make(chan struct{}, 1), over: make(chan struct{})}
	f.buffers.New = func() any { return new([BlockSize]byte) }
	if err := f.openBlobs(store); err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancelCause(ctx)
	for _, b := range f.blobs {
		f.done.Go(func() { b.verify(ctx) })
	}
	f.done.Go(func() { f.keepSynced(ctx) })
	f.done.Go(func() { f.finish(f.loop(ctx)) })
	return f, nil
}

func (f *Fetcher) openBlobs(store *Store) error {
	from := newSource(f.order.Repository, f.order.Auth, f.order.Transport, f.order.Patience.Stall)
	seen := map[v1.Hash]bool{}
	for _, item := range f.order.Blobs {
		if seen[item.Digest] {
			continue
		}
		seen[item.Digest] = true
		b, err := store.open(item.Blob)
		if err != nil {
			return errors.Join(err, f.closeBlobs())
		}
		b.source, b.wake, b.needed = from, f.wake, item.Ahead
		f.blobs = append(f.blobs, b)
		if item.Ahead {
			f.progress.Kept += b.Size - b.pending()
		}
	}
	syncDir(store.dir)
	return nil
}

// syncDir makes new directory entries durable, if the system supports it.
func syncDir(path string) {
	if dir, err := os.Open(path); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
}

func (f *Fetcher) closeBlobs() error {
	var failures []error
	for _, b := range f.blobs {
		failures = append(failures, b.close())
	}
	return errors.Join(failures...)
}

// wake tells the loop that something has changed.
func (f *Fetcher) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// Open opens a blob of the order for reading while it arrives, and downloads it
// if it was not to be downloaded in advance. Reading ends with ctx.
func (f *Fetcher) Open(ctx context.Context, digest v1.Hash) (*Reader, error) {
	for _, b := range f.blobs {
		if b.Digest == digest {
			b.want()
			return &Reader{ctx: ctx, blob: b}, nil
		}
	}
	return nil, fmt.Errorf("%s is not part of the image", digest)
}

// Wait returns when everything requested in advance is downloaded and verified.
func (f *Fetcher) Wait(ctx context.Context) error {
	for _, b := range f.blobs {
		if !b.wanted() {
			continue
		}
		if err := b.wait(ctx, func() bool { return b.verified }); err != nil {
			return err
		}
	}
	return nil
}

// Failure waits until the download fails, and returns why. It returns nil when
// ctx is done first.
func (f *Fetcher) Failure(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-f.over:
	}
	return f.Err()
}

// Err returns why the download failed, or nil if it has not.
func (f *Fetcher) Err() error {
	select {
	case <-f.over:
		return f.err
	default:
		return nil
	}
}

// Progress returns the current state.
func (f *Fetcher) Progress() Progress {
	f.mu.Lock()
	progress := f.progress
	f.mu.Unlock()
	for _, b := range f.blobs {
		if b.wanted() {
			progress.Total += b.Size
			progress.Done += b.Size - b.pending()
		}
	}
	progress.Received = f.received.Load()
	return progress
}

// Close ends the download, and syncs what has arrived to disk.
func (f *Fetcher) Close() error {
	f.end()
	var failures []error
	for _, b := range f.blobs {
		failures = append(failures, b.sync())
	}
	return errors.Join(append(failures, f.closeBlobs())...)
}

// Discard ends a download that is no longer needed, without syncing it.
func (f *Fetcher) Discard() error {
	f.end()
	return f.closeBlobs()
}

func (f *Fetcher) end() {
	f.stop(context.Canceled)
	f.done.Wait()
}

// finish tells all waiting readers why no more data will arrive.
func (f *Fetcher) finish(err error) {
	f.err = err
	close(f.over)
	for _, b := range f.blobs {
		b.fail(err)
	}
}

// syncInterval limits how much of a large blob a power cut can destroy.
const syncInterval = 2 * time.Second

func (f *Fetcher) keepSynced(ctx context.Context) {
	ticker := time.NewTicker(syncInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, b := range f.blobs {
			if err := b.sync(); err != nil {
				b.fail(err)
			}
		}
	}
}
