package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// run is a sequence of blocks that is fetched with one request, or with several if
// connections break.
type run struct {
	blob      *blob
	round     int
	next, end int  // blocks
	whole     bool // requests are for the whole blob
	// block is the received part of the next block, which outlasts a connection
	// that breaks.
	block []byte
}

// at returns the offset of the first byte that the run still needs.
func (r *run) at() int64 { return int64(r.next)*BlockSize + int64(len(r.block)) }

// last returns the offset of the last one.
func (r *run) last() int64 { return min(int64(r.end)*BlockSize, r.blob.Size) - 1 }

// receive requests what the run still needs, and writes it to disk. It calls got
// with the number of bytes as they arrive.
func (r *run) receive(ctx context.Context, stall time.Duration, got func(int)) error {
	ctx, watchdog := watch(ctx, stall)
	defer watchdog.stop()
	first, last := r.at(), r.last()
	if r.whole {
		first, last = 0, r.blob.Size-1
	}
	response, err := r.blob.source.open(ctx, r.blob.Blob, first, last)
	if err != nil {
		return cause(ctx, err)
	}
	defer response.Body.Close()
	if err := judge(response, r.blob, first, first > 0 || last < r.blob.Size-1); err != nil {
		return err
	}
	body := watchdog.reader(response.Body)
	if r.whole {
		if _, err := io.CopyN(io.Discard, body, r.at()); err != nil {
			return cause(ctx, short(err))
		}
	}
	return cause(ctx, r.write(body, got))
}

// write reads the run's blocks from a body and writes them to disk.
func (r *run) write(body io.Reader, got func(int)) error {
	for r.next < r.end {
		_, length := r.blob.blockAt(r.next)
		n, err := body.Read(r.block[len(r.block):length])
		r.block = r.block[:len(r.block)+n]
		got(n)
		if int64(len(r.block)) < length {
			if err != nil {
				return short(err)
			}
			continue
		}
		if err := r.blob.put(r.next, r.round, r.block); err != nil {
			return err
		}
		r.next, r.block = r.next+1, r.block[:0]
	}
	return nil
}

// short returns the error for a body that ends too soon.
func short(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cause returns why this program cut a request, if it did; otherwise it returns
// err.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); err != nil && why != nil {
		return why
	}
	return err
}

// ErrStalled means that a connection has stopped delivering data.
var ErrStalled = errors.New("no data is arriving")

// watchdog cuts a request that receives no data.
type watchdog struct {
	timer *time.Timer
	stall time.Duration
	end   context.CancelCauseFunc
}

func watch(ctx context.Context, stall time.Duration) (context.Context, *watchdog) {
	ctx, end := context.WithCancelCause(ctx)
	timer := time.AfterFunc(stall, func() { end(fmt.Errorf("%w for %s", ErrStalled, stall)) })
	return ctx, &watchdog{timer, stall, end}
}

func (w *watchdog) stop() { w.timer.Stop(); w.end(nil) }

func (w *watchdog) reader(body io.Reader) io.Reader { return watched{body, w} }

type watched struct {
	io.Reader
	by *watchdog
}

func (w watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.by.timer.Reset(w.by.stall)
	}
	return n, err
}
