package fetch

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// lockInterval is how often to try a lock that another process holds.
const lockInterval = 200 * time.Millisecond

const (
	lockName     = "lock"
	recordSuffix = ".256k" // from the size of a block
	sumSize      = 4
)

// Store is a directory of blobs, complete or not, that are named by digest. Only
// one process uses it at a time.
type Store struct {
	dir  string
	lock *flock.Flock
}

// OpenStore creates the directory if necessary, and waits while another process is
// using it. It calls waiting if it has to wait.
func OpenStore(ctx context.Context, dir string, waiting func()) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskError(err)
	}
	lock := flock.New(filepath.Join(dir, lockName))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		waiting()
		_, err = lock.TryLockContext(ctx, lockInterval)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Store{dir: dir, lock: lock}, nil
}

// Close makes the store available to the next process.
func (s *Store) Close() error { return s.lock.Close() }

// Here returns how many bytes of these blobs are in a store's directory. It does
// not wait for a process that is using the store.
func Here(dir string, blobs ...Blob) (n int64) {
	seen := map[v1.Hash]bool{}
	for _, b := range blobs {
		sums, _ := os.ReadFile(pathOf(dir, b.Digest) + recordSuffix) // a missing file counts as empty
		for i, sum := range decodeSums(sums, b.blocks()) {
			if _, length := b.blockAt(i); sum != 0 && !seen[b.Digest] {
				n += length
			}
		}
		seen[b.Digest] = true
	}
	return n
}

// Forget deletes what was downloaded of these blobs.
func (s *Store) Forget(blobs ...Blob) error {
	var failures []error
	for _, b := range blobs {
		failures = append(failures, remove(s.path(b.Digest)+recordSuffix), remove(s.path(b.Digest)))
	}
	return errors.Join(failures...)
}

// ForgetAll deletes all downloads. It keeps the lock file, because another process
// may be waiting for it.
func (s *Store) ForgetAll() error {
	entries, err := os.ReadDir(s.dir)
	failures := []error{err}
	for _, entry := range entries {
		if entry.Name() != lockName {
			failures = append(failures, remove(filepath.Join(s.dir, entry.Name())))
		}
	}
	return errors.Join(failures...)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Kept returns how many bytes of downloads are in a store's directory. It does
// not wait for a process that is using the store.
func Kept(dir string) (n int64, err error) {
	records, err := filepath.Glob(filepath.Join(dir, "*"+recordSuffix))
	for _, record := range records {
		sums, err := os.ReadFile(record)
		data, statErr := os.Stat(strings.TrimSuffix(record, recordSuffix))
		if err != nil || statErr != nil {
			continue // deleted in the meantime
		}
		for i, sum := range decodeSums(sums, len(sums)/sumSize) {
			if sum != 0 {
				n += max(0, min(BlockSize, data.Size()-int64(i)*BlockSize))
			}
		}
	}
	return n, err
}

func (s *Store) path(digest v1.Hash) string { return pathOf(s.dir, digest) }

func pathOf(dir string, digest v1.Hash) string {
	return filepath.Join(dir, digest.Algorithm+"-"+digest.Hex)
}

// open opens a blob's files, with what has been downloaded so far, or creates them.
func (s *Store) open(b Blob) (opened *blob, err error) {
	if b.Digest.Algorithm != "sha256" {
		return nil, fmt.Errorf("%s: only sha256 is known", b.Digest)
	}
	data, err := os.OpenFile(s.path(b.Digest), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, diskError(err)
	}
	record, err := os.OpenFile(s.path(b.Digest)+recordSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(diskError(err), data.Close())
	}
	sums, err := io.ReadAll(io.LimitReader(record, int64(b.blocks())*sumSize))
	if err != nil {
		return nil, errors.Join(err, data.Close(), record.Close())
	}
	opened = &blob{Blob: b, data: data, record: record, changed: make(chan struct{}), wake: func() {}}
	opened.sums = decodeSums(sums, b.blocks())
	opened.state = make([]byte, b.blocks())
	for i, sum := range opened.sums {
		if sum != 0 {
			opened.state[i] = here
		}
	}
	return opened, nil
}

func encodeSums(sums []uint32) []byte {
	var encoded []byte
	for _, sum := range sums {
		encoded = binary.LittleEndian.AppendUint32(encoded, sum)
	}
	return encoded
}

// decodeSums reads a record of n blocks; those that it lacks are missing.
func decodeSums(encoded []byte, n int) []uint32 {
	sums := make([]uint32, n)
	for i := range min(n, len(encoded)/sumSize) {
		sums[i] = binary.LittleEndian.Uint32(encoded[i*sumSize:])
	}
	return sums
}
