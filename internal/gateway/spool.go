package gateway

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// chunkBytes is the unit of memory for uploads and answers.
const chunkBytes = 64 << 10

type chunk = [chunkBytes]byte

// spareChunks keeps memory for the next upload, at most 2 MB, so that the garbage
// collector has almost nothing to do. See returnMemory.
var spareChunks = make(chan *chunk, 32)

func newChunk() *chunk {
	select {
	case c := <-spareChunks:
		return c
	default:
		return new(chunk)
	}
}

func freeChunk(c *chunk) {
	select {
	case spareChunks <- c:
	default:
	}
}

var errClosed = errors.New("no one reads this any more")

// spool keeps an upload or a response in memory. It can be read while it is filled,
// and again from the start. Its memory is reused once it has no holders.
type spool struct {
	mu      sync.Mutex
	grown   sync.Cond
	chunks  []*chunk
	size    int64
	ended   bool
	err     error // why it ended early
	holders int
}

// newSpool returns an empty spool that the caller holds.
func newSpool() *spool {
	s := &spool{holders: 1}
	s.grown.L = &s.mu
	return s
}

func (s *spool) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders++
}

func (s *spool) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holders--
	if s.holders > 0 {
		return
	}
	for _, c := range s.chunks {
		freeChunk(c)
	}
	s.chunks = nil
}

// fill reads all of r, at most limit bytes. There is only one fill at a time.
func (s *spool) fill(r io.Reader, limit int64) error {
	for {
		n, err := r.Read(s.room())
		s.mu.Lock()
		s.size += int64(n)
		if s.size > limit {
			err = &http.MaxBytesError{Limit: limit}
		}
		if err != nil {
			s.ended = true
			if err != io.EOF { // a wrapped io.EOF means a truncated body
				s.err = err
			}
		}
		ended, failed := s.ended, s.err
		s.grown.Broadcast()
		s.mu.Unlock()
		if ended {
			return failed
		}
	}
}

// room returns free memory after the data. Only fill changes chunks and size.
func (s *spool) room() []byte {
	used := s.size % chunkBytes
	if s.size == int64(len(s.chunks))*chunkBytes {
		c := newChunk()
		s.mu.Lock()
		s.chunks = append(s.chunks, c)
		s.mu.Unlock()
	}
	return s.chunks[len(s.chunks)-1][used:]
}

// state returns the size so far, and whether it is final.
func (s *spool) state() (size int64, ended bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size, s.ended, s.err
}

// awaitEnd waits until everything is received.
func (s *spool) awaitEnd() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended {
		s.grown.Wait()
	}
	return s.err
}

// writeTo writes a complete spool.
func (s *spool) writeTo(w io.Writer) error {
	for at, left := 0, s.size; left > 0; at++ {
		n := min(left, chunkBytes)
		if _, err := w.Write(s.chunks[at][:n]); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// bytes returns a copy of a complete spool.
func (s *spool) bytes() []byte {
	all := make([]byte, 0, s.size)
	for at := range s.chunks {
		all = append(all, s.chunks[at][:min(chunkBytes, s.size-int64(len(all)))]...)
	}
	return all
}

// heldBack is how many bytes at the end of an upload a server gets only when it may
// start: more than a form's last line, without which no parser considers it complete.
const heldBack = 256

// reader returns a reader from the start that waits for missing data, and calls turn
// before it returns the end. It holds the spool until it is closed.
func (s *spool) reader(turn func() error) io.ReadCloser {
	s.hold()
	return &spoolReader{spool: s, turn: turn}
}

type spoolReader struct {
	spool *spool
	at    int64
	turn  func() error // nil once it was called

	closed bool // guarded by the spool
}

func (r *spoolReader) Read(p []byte) (int, error) {
	for {
		n, wait, err := r.next(p)
		if !wait {
			return n, err
		}
		if err := r.turn(); err != nil {
			return 0, err
		}
		r.turn = nil
	}
}

// next reads available data, or says to wait for the turn. It copies under the lock:
// net/http may close a body while it is read, which would let the memory be reused.
func (r *spoolReader) next(p []byte) (n int, wait bool, err error) {
	s := r.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	for r.within() <= r.at && !s.ended && !r.closed {
		s.grown.Wait()
	}
	within := r.within()
	switch {
	case r.closed:
		return 0, false, errClosed
	case s.err != nil:
		return 0, false, s.err
	case r.at >= within && r.turn != nil:
		return 0, true, nil
	case r.at == within:
		return 0, false, io.EOF
	}
	rest := s.chunks[r.at/chunkBytes][r.at%chunkBytes:]
	n = copy(p, rest[:min(int64(len(rest)), within-r.at)])
	r.at += int64(n)
	return n, false, nil
}

// within is how far it may currently read. The caller holds the lock.
func (r *spoolReader) within() int64 {
	if r.turn != nil {
		return r.spool.size - heldBack
	}
	return r.spool.size
}

func (r *spoolReader) Close() error {
	s := r.spool
	s.mu.Lock()
	closed := r.closed
	r.closed = true
	s.grown.Broadcast()
	s.mu.Unlock()
	if !closed {
		s.release()
	}
	return nil
}
