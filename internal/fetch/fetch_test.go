package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/djok/facecraft/internal/dockertest"
)

// hasty keeps tests short.
var hasty = Patience{Attempts: 5, Backoff: 10 * time.Millisecond, Longest: 2 * time.Second, Stall: 2 * time.Second}

// rig is a registry with blobs, and a directory to download them to.
type rig struct {
	*dockertest.FaultyRegistry
	order   Order
	content [][]byte
	dir     string
}

// newRig returns a rig with a blob of each size.
func newRig(t testing.TB, sizes ...int) *rig {
	t.Helper()
	r := &rig{FaultyRegistry: dockertest.NewFaultyRegistry(t), dir: t.TempDir()}
	repository, err := name.NewRepository(r.Host + "/some/image")
	if err != nil {
		t.Fatal(err)
	}
	r.order = Order{Repository: repository, Patience: hasty}
	for _, size := range sizes {
		r.add(t, randomBytes(size))
	}
	r.restart()
	return r
}

// restart ends all faults and resets the counters.
func (r *rig) restart() {
	r.settle()
	r.Reset()
}

// settle waits until the registry has counted everything that it sent.
func (r *rig) settle() {
	for r.Open() > 0 {
		time.Sleep(time.Millisecond)
	}
}

func randomBytes(size int) []byte {
	source := rand.NewChaCha8([32]byte{byte(size)})
	content := make([]byte, size)
	_, _ = source.Read(content)
	return content
}

func (r *rig) add(t testing.TB, content []byte) {
	t.Helper()
	layer := static.NewLayer(content, types.DockerLayer)
	if err := remote.WriteLayer(r.order.Repository, layer); err != nil {
		t.Fatal(err)
	}
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	r.content = append(r.content, content)
	r.order.Blobs = append(r.order.Blobs, Item{Blob{digest, int64(len(content))}, true})
}

func (r *rig) size() (n int64) {
	for _, item := range r.order.Blobs {
		n += item.Size
	}
	return n
}

// start starts the download. It ends with the test, or when end is called.
func (r *rig) start(t testing.TB) (f *Fetcher, end func()) {
	t.Helper()
	store, err := OpenStore(t.Context(), r.dir, func() {})
	if err != nil {
		t.Fatal(err)
	}
	f, err = Start(t.Context(), store, r.order)
	if err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		if err := errors.Join(f.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(end)
	return f, end
}

// fetch downloads everything and compares it.
func (r *rig) fetch(t testing.TB) {
	t.Helper()
	f, end := r.start(t)
	defer end()
	r.wait(t, f)
}

func (r *rig) wait(t testing.TB, f *Fetcher) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := f.Wait(ctx); err != nil {
		t.Fatalf("%v; %+v", err, f.Progress())
	}
	r.compare(t, f)
}

func (r *rig) compare(t testing.TB, f *Fetcher) {
	t.Helper()
	for i, item := range r.order.Blobs {
		reader, err := f.Open(t.Context(), item.Digest)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reader)
		if err != nil || !bytes.Equal(got, r.content[i]) {
			t.Errorf("blob %d: %d bytes, %v; want %d", i, len(got), err, item.Size)
		}
	}
}

// refused expects the download to fail, and returns the error.
func (r *rig) refused(t *testing.T) error {
	t.Helper()
	f, end := r.start(t)
	defer end()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := f.Wait(ctx)
	if err == nil || ctx.Err() != nil {
		t.Fatalf("it ended with %v; %+v", err, f.Progress())
	}
	return err
}

// servedAtMost checks how many bytes of blobs the registry has sent.
func (r *rig) servedAtMost(t testing.TB, bytes int64) {
	t.Helper()
	r.settle()
	if got := r.Served(); got > bytes {
		t.Errorf("the registry sent %d bytes, more than %d; the blobs have %d", got, bytes, r.size())
	}
}

func TestBlobsOfAllSizes(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0, 1, BlockSize-1, BlockSize, BlockSize+1, 40*mega+17)
	r.fetch(t)
	r.servedAtMost(t, r.size())
	if r.Count("GET /v2/some/image/blobs/"+r.order.Blobs[5].Digest.String()) < 3 {
		t.Error("the large one was not fetched in parts")
	}
}

func TestASecondCallFetchesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*BlockSize, 100)
	r.fetch(t)
	r.restart()
	r.fetch(t)
	r.servedAtMost(t, 0)
}

func TestTheSameBlobTwiceInAnOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*BlockSize)
	r.order.Blobs, r.content = append(r.order.Blobs, r.order.Blobs[0]), append(r.content, r.content[0])
	r.fetch(t)
	r.servedAtMost(t, 3*BlockSize)
}

// TestOnlyWhatIsRead: blobs that are not fetched in advance are fetched when they
// are read.
func TestOnlyWhatIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2*BlockSize, 3*BlockSize)
	r.order.Blobs[0].Ahead = false
	f, end := r.start(t)
	defer end()
	if err := f.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.servedAtMost(t, 3*BlockSize)
	r.compare(t, f)
	r.servedAtMost(t, 5*BlockSize)
}

// TestAnInterruption: data that has arrived is not fetched again.
func TestAnInterruption(t *testing.T) {
	t.Parallel()
	r := newRig(t, 30*mega)
	r.Fail("/blobs/", -1, dockertest.Slow(64<<10, 5*time.Millisecond))
	f, end := r.start(t)
	for f.Progress().Done < 10*mega {
		time.Sleep(time.Millisecond)
	}
	kept := f.Progress().Done
	end()
	r.restart()
	f, end = r.start(t)
	if got := f.Progress().Kept; got < kept {
		t.Errorf("%d bytes are kept, %d were here", got, kept)
	}
	r.wait(t, f)
	end()
	r.servedAtMost(t, r.size()-kept)
}

// TestTwoAtOnce: the second process waits for the first, and finds its blobs.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5*BlockSize)
	f, end := r.start(t)
	waiting := make(chan struct{})
	second := make(chan *Store)
	go func() {
		store, err := OpenStore(context.Background(), r.dir, func() { close(waiting) })
		if err != nil {
			t.Error(err)
		}
		second <- store
	}()
	<-waiting
	r.wait(t, f)
	end()
	store := <-second
	if got := Here(r.dir, r.order.Blobs[0].Blob); got != r.size() {
		t.Errorf("the second sees %d bytes", got)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	r.fetch(t)
	r.servedAtMost(t, r.size())
}

func TestWaitingForTheOtherCanBeEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	_, end := r.start(t)
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := OpenStore(ctx, r.dir, cancel); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestKept counts only the recorded blocks, of which the last is shorter.
func TestKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*BlockSize+7)
	r.fetch(t)
	_, record := r.files(0)
	if err := os.WriteFile(record, encodeSums([]uint32{0, 1, 1, 1}), 0o600); err != nil {
		t.Fatal(err)
	}
	if kept, err := Kept(r.dir); err != nil || kept != 2*BlockSize+7 {
		t.Errorf("%d bytes are kept, %v", kept, err)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*BlockSize, 10)
	r.fetch(t)
	kept, err := Kept(r.dir)
	if err != nil || kept != r.size() {
		t.Errorf("%d bytes are kept, %v; want %d", kept, err, r.size())
	}
	store, err := OpenStore(t.Context(), r.dir, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Forget(r.order.Blobs[0].Blob); err != nil {
		t.Fatal(err)
	}
	if kept, _ := Kept(r.dir); kept != 10 {
		t.Errorf("%d bytes are kept", kept)
	}
	if err := store.ForgetAll(); err != nil {
		t.Fatal(err)
	}
	if kept, _ := Kept(r.dir); kept != 0 {
		t.Errorf("%d bytes are kept", kept)
	}
}
