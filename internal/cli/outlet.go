package cli

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"syscall"
)

// outlet is standard output or standard error. A command whose reader has left,
// as head does, ends as by an interruption: it cleans up, which the signal
// SIGPIPE would not let it.
type outlet struct {
	io.Writer
	left func()
}

func (o outlet) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.left()
	}
	return n, err
}

// Fd is that of the stream, by which terminals are known.
func (o outlet) Fd() uintptr {
	if file, ok := o.Writer.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// outlets has the app write where readers may leave, which unread then tells.
func (w *World) outlets(cancel context.CancelFunc) (unread *atomic.Bool) {
	unread = new(atomic.Bool)
	left := func() {
		unread.Store(true)
		cancel()
	}
	w.Stdout, w.Stderr = outlet{w.Stdout, left}, outlet{w.Stderr, left}
	return unread
}
