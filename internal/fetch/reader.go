package fetch

import (
	"context"
	"errors"
	"io"
)

// errDiscarded means that a reader has already returned bytes of a blob that then
// failed verification.
var errDiscarded = errors.New("the blob was wrong and is fetched again")

// Reader reads a blob while it is being downloaded. It does not return the last
// byte before the digest of the blob has been verified.
type Reader struct {
	ctx   context.Context
	blob  *blob
	at    int64
	round int
	begun bool
}

// Read waits until there is data.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.blob.Size && r.blob.Size > 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	var ready int64
	var round int
	var complete bool
	err := r.blob.wait(r.ctx, func() bool {
		ready, round, complete = r.blob.ready, r.blob.round, r.blob.verified
		return ready > r.at || complete || r.begun && round != r.round
	})
	switch {
	case err != nil:
		return 0, err
	case r.begun && round != r.round:
		return 0, errDiscarded
	case r.at >= ready:
		return 0, io.EOF
	}
	r.begun, r.round = true, round
	n, err := r.blob.data.ReadAt(p[:min(int64(len(p)), ready-r.at)], r.at)
	r.at += int64(n)
	return n, err
}

// Seek implements io.Seeker. It does not wait for data.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.blob.Size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	r.at = offset
	return offset, nil
}

// Size returns the size of the blob in bytes.
func (r *Reader) Size() int64 { return r.blob.Size }
