package term

import (
	"errors"
	"io"
	"syscall"
)

// Outlet is standard output or standard error. A command whose reader has left,
// as head does, ends as by an interruption: it cleans up, which the signal
// SIGPIPE would not let it.
type Outlet struct {
	io.Writer
	// Left is called when the reader has left.
	Left func()
}

func (o Outlet) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.Left()
	}
	return n, err
}

// Fd is that of the stream, by which terminals are known.
func (o Outlet) Fd() uintptr {
	if file, ok := o.Writer.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}
