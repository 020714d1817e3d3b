package term

import (
	"context"
	"io"
)

// Interruptible returns a reader whose reads end when ctx does.
func Interruptible(ctx context.Context, from io.Reader) io.Reader {
	return &interruptible{ctx: ctx, from: from}
}

// interruptible ends a read with its context. The underlying read continues in
// the background, because reading a pipe cannot be interrupted.
type interruptible struct {
	ctx  context.Context
	from io.Reader
	rest []byte // read but not yet returned
	err  error
}

func (r *interruptible) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		r.fetch(len(p))
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch reads into its own buffer: the caller's is used again after an
// interruption.
func (r *interruptible) fetch(size int) {
	type piece struct {
		data []byte
		err  error
	}
	read := make(chan piece, 1)
	go func() {
		data := make([]byte, size)
		n, err := r.from.Read(data)
		read <- piece{data[:n], err}
	}()
	select {
	case <-r.ctx.Done():
		r.err = r.ctx.Err()
	case got := <-read:
		r.rest, r.err = got.data, got.err
	}
}
