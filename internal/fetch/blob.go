package fetch

import (
	"bytes"
	"errors"
	"hash/crc32"
	"os"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// BlockSize is the unit, in bytes, in which downloads are recorded and kept: an
// interruption loses less than one block per connection. It is part of the format
// on disk.
const BlockSize = 256 << 10

// Blob identifies content, as a manifest does.
type Blob struct {
	Digest v1.Hash
	Size   int64 // bytes
}

func (b Blob) blocks() int { return int((b.Size + BlockSize - 1) / BlockSize) }

// blockAt returns where a block is in the blob, in bytes.
func (b Blob) blockAt(i int) (offset, length int64) {
	offset = int64(i) * BlockSize
	return offset, min(BlockSize, b.Size-offset)
}

// The states of a block.
const (
	missing = iota
	claimed // by a run that is fetching it
	here
)

// blob is the part of a Blob that is on disk. A second file next to the data, the
// record, has a checksum for each block that was written, and 0 for the others. A
// block that does not match its checksum is fetched again, so torn and lost writes
// are found no matter in which order a power cut let them reach the disk.
type blob struct {
	Blob
	data, record *os.File
	source       *source
	wake         func() // tells the fetcher that something has changed

	mu      sync.Mutex
	state   []byte
	sums    []uint32      // the record
	changed chan struct{} // closed when anything below changes
	needed  bool          // to be fetched, whether or not a reader is waiting
	whole   bool          // ranges do not work: fetch it with one request
	refused int           // consecutive range requests that returned all of it
	runs    int           // how many are receiving it
	dirty   bool          // has unsynced data
	round   int           // how often all of it was discarded as wrong
	ready   int64         // how many bytes, from the start, may be read
	// verified is set once the digest of the whole blob has been checked.
	verified bool
	err      error
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum returns what is recorded for a block, which is never 0. It only has to
// detect damage on disk: the digest decides whether the blob is right.
func checksum(block []byte) uint32 { return recorded(crc32.Checksum(block, castagnoli)) }

func recorded(sum uint32) uint32 { return max(sum, 1) }

// pending returns how many bytes are not on disk yet.
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

// claim assigns the first missing blocks to a run: at most limit of them, or all
// of them if ranges do not work. It returns nil if there is nothing to do.
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

// release makes the blocks that a run did not fetch available to other runs.
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

// put writes and records a block.
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

// note records a block's checksum; the caller holds the lock.
func (b *blob) note(i int, sum uint32) error {
	b.sums[i] = sum
	_, err := b.record.WriteAt(encodeSums(b.sums[i:i+1]), int64(i)*sumSize)
	return err
}

// announce wakes everyone who is waiting; the caller holds the lock.
func (b *blob) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
	b.wake()
}

// fail makes everyone who is waiting for the blob return an error.
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

// sync flushes what was written to disk: the data before the record.
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

// want marks the blob as needed, so that it is fetched.
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

// refusals is how many consecutive range requests may return the whole blob
// before ranges are considered not to work.
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
