package inventory

import (
	"context"
	"io"
)

// aheadBlocks is how many blocks of bufferSize are unpacked in advance.
const aheadBlocks = 4

// ahead reads in a separate goroutine while the caller works.
type ahead struct {
	full, empty chan []byte
	rest, block []byte
	err         error // of the goroutine; valid once full is closed
	cancel      context.CancelFunc
	done        chan struct{}
}

// readAhead takes ownership of a reader and closes it.
func readAhead(ctx context.Context, from io.ReadCloser) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{full: make(chan []byte, aheadBlocks), empty: make(chan []byte, aheadBlocks), cancel: cancel,
		done: make(chan struct{})}
	for range aheadBlocks {
		a.empty <- make([]byte, bufferSize)
	}
	go func() {
		defer close(a.done)
		defer from.Close()
		defer close(a.full)
		for a.err == nil {
			select {
			case <-ctx.Done():
				a.err = ctx.Err()
			case block := <-a.empty:
				var n int
				n, a.err = io.ReadFull(from, block)
				if a.err == io.ErrUnexpectedEOF {
					a.err = io.EOF
				}
				a.full <- block[:n]
			}
		}
	}()
	return a
}

func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.block != nil {
			a.empty <- a.block[:cap(a.block)]
		}
		var ok bool
		if a.block, ok = <-a.full; !ok {
			a.block = nil
			return 0, a.err
		}
		a.rest = a.block
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close stops the goroutine and waits for it.
func (a *ahead) Close() error {
	a.cancel()
	for range a.full {
	}
	<-a.done
	return nil
}
