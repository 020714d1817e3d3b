package fetch

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BlockSize is what is recorded, and kept, as one: an interruption loses less
// than one block of each connection. It is part of the format on disk.
const BlockSize = 256 << 10

// Blob is content as a manifest names it.
type Blob struct {
	Digest v1.Hash
	Size   int64 // bytes
}

func (b Blob) blocks() int { return int((b.Size + BlockSize - 1) / BlockSize) }

// blockAt is the extent of a block in bytes.
func (b Blob) blockAt(i int) (offset, length int64) {
	offset = int64(i) * BlockSize
	return offset, min(BlockSize, b.Size-offset)
}

// The states of a block.
const (
	missing = iota
	claimed // by a run that fetches it
	here
)

// blob is a Blob on disk, as far as it arrived. Beside its data lies the
// record: for each block the checksum of what was written, or 0. A block
// whose data does not match its record is fetched again, so that neither a
// torn write nor a lost one can pass for data, in whatever order a power cut
// let them reach the disk.
type blob struct {
	Blob
	data, record *os.File
	source       *source
	wake         func() // tells the fetcher that there is news

	mu      sync.Mutex
	state   []byte
	sums    []uint32      // the record
	changed chan struct{} // closed when anything below changes
	needed  bool          // is fetched before anybody asks for it
	whole   bool          // ranges are of no use: one request for all of it
	refused int           // requests for a range in a row that were answered with all of it
	runs    int           // being received
	dirty   bool          // not synced yet
	round   int           // of fetching it: all of it was wrong before
	ready   int64         // bytes from the beginning that may be read
	// verified is set when the digest of all of it was found right.
	verified bool
	err      error
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is a block's record, which is never 0. It only has to find damage
// on disk: the digest decides whether the blob is right.
func checksum(block []byte) uint32 { return recorded(crc32.Checksum(block, castagnoli)) }

func recorded(sum uint32) uint32 { return max(sum, 1) }

// pending counts the bytes that are not on disk yet.
func (b *blob) pending() (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, state := range b.state {
		if state != here {
			_, length := b.blockAt(i)
			n += length
		}
	}
	return n
}

// claim takes the first missing blocks for a run, at most limit of them, or
// all up to the last one where ranges are of no use.
func (b *blob) claim(limit int) *run {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.needed || b.err != nil || b.whole && b.runs > 0 {
		return nil
	}
	first := bytes.IndexByte(b.state, missing)
	if first < 0 {
		return nil
	}
	end := bytes.LastIndexByte(b.state, missing) + 1
	if !b.whole {
		end = first
		for end < min(first+limit, len(b.state)) && b.state[end] == missing {
			end++
		}
	}
	for i := first; i < end; i++ {
		if b.state[i] == missing {
			b.state[i] = claimed
		}
	}
	b.runs++
	return &run{blob: b, round: b.round, next: first, end: end, whole: b.whole}
}

// release gives back what a run did not fetch.
func (b *blob) release(r *run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs--
	if r.round != b.round {
		return
	}
	for i := r.next; i < r.end; i++ {
		if b.state[i] == claimed {
			b.state[i] = missing
		}
	}
}

// put writes a block, and records it.
func (b *blob) put(i, round int, block []byte) error {
	b.mu.Lock()
	stale := round != b.round || b.state[i] == here
	b.mu.Unlock()
	if stale {
		return nil
	}
	offset, _ := b.blockAt(i)
	if _, err := b.data.WriteAt(block, offset); err != nil {
		return diskError(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if round != b.round {
		return nil
	}
	if err := b.note(i, checksum(block)); err != nil {
		return diskError(err)
	}
	b.state[i], b.dirty = here, true
	b.announce()
	return nil
}

// note records a block; the caller has the lock.
func (b *blob) note(i int, sum uint32) error {
	b.sums[i] = sum
	_, err := b.record.WriteAt(encodeSums(b.sums[i:i+1]), int64(i)*sumSize)
	return err
}

// announce wakes all who wait; the caller has the lock.
func (b *blob) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
	b.wake()
}

// fail ends all waiting for the blob.
func (b *blob) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil && !b.verified {
		b.err = err
		b.announce()
	}
}

// worthSyncing is the size, in bytes, below which a blob is not synced:
// waiting for the disk takes longer than downloading it again. A power cut may
// therefore lose all of a smaller blob, where it loses at most syncInterval of a
// larger one. Neither can let a wrong byte through: a block counts only if it
// matches its record, and the blob only if it matches its SHA-256.
const worthSyncing = 4 << 20

// sync has the disk keep what was written: first the data, then the record.
func (b *blob) sync() error {
	b.mu.Lock()
	dirty := b.dirty && b.Size >= worthSyncing
	b.dirty = false
	b.mu.Unlock()
	if !dirty {
		return nil
	}
	if err := b.data.Sync(); err != nil {
		return diskError(err)
	}
	return diskError(b.record.Sync())
}

func (b *blob) close() error {
	return errors.Join(b.data.Close(), b.record.Close())
}

// want has the blob fetched.
func (b *blob) want() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.needed = true
	b.wake()
}

func (b *blob) wanted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.needed
}

// refusals is after how many requests in a row that were answered with all of
// the blob its ranges are given up.
const refusals = 2

func (b *blob) refuseRanges() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
	b.whole = b.whole || b.refused >= refusals
}

func (b *blob) honourRanges() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = 0
}
