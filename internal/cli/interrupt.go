package cli

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/term"
)

// lastWord is how long the answer to a signal may wait for a blocked standard
// error.
const lastWord = 200 * time.Millisecond

// heed cancels the command at the first signal, so that it cleans up. At the
// second it says what may be left behind, and ends the process.
func (a *app) heed(cancel context.CancelFunc) {
	<-a.Signals // nil, in tests, never sends
	promptly(func() { a.ui.Say("Stopping…") })
	cancel()
	<-a.Signals
	promptly(func() { a.ui.Fail(a.unfinished.Err()) })
	a.Exit(int(fault.Interrupted))
}

// promptly calls say, but does not wait long for a blocked writer.
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

// stdin is standard input; reading from it ends with ctx.
func (a *app) stdin(ctx context.Context) io.Reader { return term.Interruptible(ctx, a.Stdin) }

// outlets cancels the command when a reader of its output goes away, and then
// sets unread.
func (w *World) outlets(cancel context.CancelFunc) (unread *atomic.Bool) {
	unread = new(atomic.Bool)
	left := func() {
		unread.Store(true)
		cancel()
	}
	w.Stdout, w.Stderr = term.Outlet{Writer: w.Stdout, Left: left}, term.Outlet{Writer: w.Stderr, Left: left}
	return unread
}
