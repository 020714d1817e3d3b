package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
)

// lastWord is how long the answer to a signal may wait for a standard error
// that nobody reads.
const lastWord = 200 * time.Millisecond

// heed ends the command at the first signal, which then cleans up, and the
// process at the second, which then says what may be left.
func (a *app) heed(cancel context.CancelFunc) {
	<-a.Signals // nil, in tests, never sends
	promptly(func() { a.ui.Say("stopping…") })
	cancel()
	<-a.Signals
	promptly(func() { a.ui.Fail(a.cutShort()) })
	a.Exit(int(fault.Interrupted))
}

// promptly does not let a stuck writer get in the way of what follows.
func promptly(say func()) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		say()
	}()
	select {
	case <-said:
	case <-time.After(lastWord):
	}
}

// cutShort is the error of a command that was not allowed to clean up.
func (a *app) cutShort() error {
	var left, remedies []string
	for _, item := range a.unfinished.Items() {
		left = append(left, item.What)
		if !slices.Contains(remedies, item.Remedy) {
			remedies = append(remedies, item.Remedy)
		}
	}
	if left == nil {
		return fault.New(fault.Interrupted, "", "interrupted; nothing is left behind")
	}
	return fault.New(fault.Interrupted, strings.Join(remedies, " && "),
		"interrupted before the cleanup was done; this may be left:\n  %s", strings.Join(left, "\n  "))
}

// stdin is standard input, the reading of which ends with ctx.
func (a *app) stdin(ctx context.Context) io.Reader { return &interruptible{ctx: ctx, from: a.Stdin} }

// interruptible ends a read with its context. The read itself goes on, for
// nothing can interrupt that of a pipe, until the process ends.
type interruptible struct {
	ctx  context.Context
	from io.Reader
	rest []byte // of what was read
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

// fetch reads into memory of its own: the caller's is used again after an
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
