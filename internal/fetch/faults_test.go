package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

// onRange makes one range request fail: the first one that starts at this byte or
// later.
func (r *rig) onRange(from int, fault dockertest.Fault) {
	var met atomic.Bool
	r.Fail("GET /v2/some/image/blobs/", -1, func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if beginning(request) >= from && met.CompareAndSwap(false, true) {
			fault(w, request, registry)
			return
		}
		registry.ServeHTTP(w, request)
	})
}

// beginning returns the first byte that a request asks for.
func beginning(r *http.Request) int {
	text, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")
	n, _ := strconv.Atoi(text)
	return n
}

// headers changes the headers of a response.
func headers(change func(http.Header)) dockertest.Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		registry.ServeHTTP(&changedHeader{w, change}, r)
	}
}

type changedHeader struct {
	http.ResponseWriter
	change func(http.Header)
}

func (c *changedHeader) WriteHeader(status int) {
	c.change(c.Header())
	c.ResponseWriter.WriteHeader(status)
}

// lengthOf responds with a whole blob of the wrong length.
func lengthOf(n int) dockertest.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		_, _ = w.Write(make([]byte, n))
	}
}

// firstBytes responds with fewer bytes than requested, as a server that limits
// ranges may do.
func firstBytes(n int) dockertest.Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		first := beginning(r)
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, first+n-1))
		registry.ServeHTTP(w, r)
	}
}

// ignoreRange responds with the whole blob, as some proxies do.
func ignoreRange(w http.ResponseWriter, r *http.Request, registry http.Handler) {
	r.Header.Del("Range")
	registry.ServeHTTP(w, r)
}

func retryLater(after string) dockertest.Fault {
	return func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		w.Header().Set("Retry-After", after)
		dockertest.Answer(429, "TOOMANYREQUESTS", "slow down")(w, r, registry)
	}
}

// TestFaults makes one range request go wrong. The blob is still right, and little
// is sent twice.
func TestFaults(t *testing.T) {
	t.Parallel()
	const size = 12*mega + 5000
	for what, tt := range map[string]struct {
		fault dockertest.Fault
		extra int64 // bytes that may be sent twice
	}{
		"a connection that is cut":         {dockertest.CutAfter(300_000), 0},
		"one that is cut at a block":       {dockertest.CutAfter(BlockSize), 0},
		"one that is cut before an answer": {dockertest.CutAfter(0), 0},
		"a stall":                          {dockertest.StallAfter(700_000), 0},
		"a stall before an answer":         {dockertest.StallAfter(0), 0},
		"all in place of a part":           {ignoreRange, size},
		"a wrong byte":                     {dockertest.Corrupt, size},
		"another range": {headers(func(h http.Header) {
			h.Set("Content-Range", fmt.Sprintf("bytes 0-9/%d", size))
		}), 4 * mega},
		"another size": {headers(func(h http.Header) {
			h.Set("Content-Range", strings.TrimSuffix(h.Get("Content-Range"), "2")+"7")
		}), 4 * mega},
		"no range in the header": {headers(func(h http.Header) { h.Del("Content-Range") }), 4 * mega},
		"an encoding": {headers(func(h http.Header) {
			h.Set("Content-Encoding", "gzip")
		}), 4 * mega},
		"a wrong length":                 {lengthOf(1234), 4 * mega},
		"a range shorter than asked for": {firstBytes(300_000), 0},
		"429":                            {dockertest.Answer(429, "TOOMANYREQUESTS", "slow down"), 0},
		"429 with Retry-After":           {retryLater("1"), 0},
		"429 with a date":                {retryLater(time.Now().Add(time.Second).UTC().Format(http.TimeFormat)), 0},
		"500":                            {dockertest.Answer(500, "UNKNOWN", "oops"), 0},
		"503 that is not JSON": {func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, "<html>", http.StatusServiceUnavailable)
		}, 0},
		"a redirect that leads nowhere new": {func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, r.URL.String(), http.StatusTemporaryRedirect)
		}, 0},
	} {
		for _, from := range []int{0, 5 * mega} {
			t.Run(fmt.Sprintf("%s from %d on", what, from), func(t *testing.T) {
				t.Parallel()
				r := newRig(t, size)
				r.onRange(from, tt.fault)
				r.fetch(t)
				r.servedAtMost(t, size+tt.extra)
			})
		}
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	t.Parallel()
	r := newRig(t, 100)
	r.Fail("/blobs/", 1, retryLater("1"))
	began := time.Now()
	r.fetch(t)
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("it was asked again after %s", waited)
	}
	r.restart()
	r.dir = t.TempDir()
	r.Fail("/blobs/", -1, retryLater("21600"))
	if err := r.refused(t); !strings.Contains(err.Error(), "wait for 6h") || r.Count("/blobs/") != 1 {
		t.Errorf("six hours: %v after %d requests", err, r.Count("/blobs/"))
	}
}

// TestEveryConnectionIsCut just before it has delivered a block.
func TestEveryConnectionIsCut(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*mega+77)
	r.Fail("/blobs/", -1, dockertest.CutAfter(200_000))
	r.fetch(t)
	r.servedAtMost(t, r.size())
}

func TestRangesAreNeverHonoured(t *testing.T) {
	t.Parallel()
	r := newRig(t, 20*mega, 2*mega)
	r.Fail("/blobs/", -1, ignoreRange)
	r.fetch(t)
}

// TestWrongBytes: content that is wrong each time is never read to its end.
func TestWrongBytes(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3*BlockSize)
	r.Fail("/blobs/", -1, dockertest.Corrupt)
	f, end := r.start(t)
	defer end()
	reader, err := f.Open(t.Context(), r.order.Blobs[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(reader)
	if err == nil || len(got) >= 3*BlockSize {
		t.Errorf("%d bytes of a wrong blob, %v", len(got), err)
	}
	if err := f.Wait(t.Context()); !errors.Is(err, ErrWrong) {
		t.Errorf("it ended with %v", err)
	}
}

func TestTheLastByteWaitsForTheDigest(t *testing.T) {
	t.Parallel()
	b := &blob{Blob: Blob{Size: 2*BlockSize + 5}, changed: make(chan struct{}), wake: func() {}}
	b.advance(2)
	if b.ready != 2*BlockSize {
		t.Errorf("%d bytes may be read", b.ready)
	}
	b.advance(3)
	if b.ready != b.Size-1 {
		t.Errorf("%d bytes of %d may be read before the digest is known", b.ready, b.Size)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for status, text := range map[int]string{
		401: "unexpected http status: 401 Unauthorized",
		403: "403 Forbidden",
		404: "BLOB_UNKNOWN",
		416: "416",
	} {
		r := newRig(t, 5*mega)
		r.Fail("/blobs/", -1, dockertest.Answer(status, "BLOB_UNKNOWN", "no"))
		if err := r.refused(t); !strings.Contains(err.Error(), text) || r.Count("/blobs/") > firstConnections {
			t.Errorf("%d: %v after %d requests", status, err, r.Count("/blobs/"))
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5*mega)
	r.Fail("/blobs/", -1, dockertest.Answer(503, "UNAVAILABLE", "later"))
	err := r.refused(t)
	if !strings.Contains(err.Error(), "503") {
		t.Error(err)
	}
	if n := r.Count("/blobs/"); n < hasty.Attempts || n > hasty.Attempts+firstConnections {
		t.Errorf("%d requests", n)
	}
}
