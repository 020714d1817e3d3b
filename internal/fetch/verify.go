package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// rounds is how often to fetch a blob whose digest does not match.
const rounds = 3

// ErrWrong means that a registry repeatedly sent content that does not match the
// requested digest.
var ErrWrong = errors.New("digest did not match")

var errDamaged = errors.New("the block is damaged on disk")

// verify reads the blob back from disk as it arrives, and makes each block that
// matches its checksum available to readers, except for the last byte, which
// follows once the digest matches. It returns when that is decided.
func (b *blob) verify(ctx context.Context) {
	for round := 1; ; round++ {
		sum, err := b.digest(ctx)
		switch {
		case err != nil:
			b.fail(err)
			return
		case sum == b.Digest.Hex:
			b.approve()
			return
		case round == rounds:
			b.fail(fmt.Errorf("%w: %s came as sha256:%s, %d times", ErrWrong, b.Digest, sum, rounds))
			return
		}
		if err := b.discard(); err != nil {
			b.fail(err)
			return
		}
	}
}

// digest waits for all blocks in order, and returns the hex SHA-256 of the blob.
func (b *blob) digest(ctx context.Context) (string, error) {
	sum := sha256.New()
	for i := 0; i < b.blocks(); {
		if err := b.await(ctx, i); err != nil {
			return "", err
		}
		before, err := sum.(hash.Cloner).Clone()
		if err != nil {
			return "", err
		}
		err = b.check(i, sum)
		switch {
		case err == nil:
			i++
			b.advance(i)
		case errors.Is(err, errDamaged):
			sum = before
			if err := b.drop(i); err != nil {
				return "", err
			}
		default:
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// await waits until a block has been downloaded.
func (b *blob) await(ctx context.Context, i int) error {
	return b.wait(ctx, func() bool { return b.state[i] == here })
}

// wait waits until a condition holds, which is evaluated under the lock.
func (b *blob) wait(ctx context.Context, until func() bool) error {
	for {
		b.mu.Lock()
		ok, err, changed := until(), b.err, b.changed
		b.mu.Unlock()
		switch {
		case ok:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// check compares a block with its recorded checksum, and adds it to the digest.
func (b *blob) check(i int, digest io.Writer) error {
	offset, length := b.blockAt(i)
	sum := crc32.New(castagnoli)
	n, err := io.Copy(io.MultiWriter(sum, digest), io.NewSectionReader(b.data, offset, length))
	if err != nil {
		return fmt.Errorf("read what was downloaded: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if n != length || recorded(sum.Sum32()) != b.sums[i] {
		return errDamaged
	}
	return nil
}

// advance makes the first n blocks available to readers, except for the blob's last
// byte.
func (b *blob) advance(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = min(int64(n)*BlockSize, b.Size-1)
	b.announce()
}

func (b *blob) approve() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.verified, b.ready = true, b.Size
	b.announce()
}

// drop marks a block as missing.
func (b *blob) drop(i int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[i] = missing
	err := b.note(i, 0)
	b.announce()
	return diskError(err)
}

// discard marks all blocks as missing. The next round does not use ranges, in case
// a proxy is getting them wrong.
func (b *blob) discard() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.round++
	b.ready, b.whole = 0, true
	clear(b.state)
	clear(b.sums)
	_, err := b.record.WriteAt(encodeSums(b.sums), 0)
	b.announce()
	return diskError(err)
}
