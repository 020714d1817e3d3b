package term

import (
	"errors"
	"io"
	"syscall"
)

// Outlet is standard output or standard error. If the reader goes away, like
// head does, the command is interrupted and cleans up; SIGPIPE would kill it
// without a cleanup.
type Outlet struct {
	io.Writer
	// Left is called when the reader has gone away.
	Left func()
}

func (o Outlet) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		o.Left()
	}
	return n, err
}

// Fd returns the stream's file descriptor, to tell whether it is a terminal.
func (o Outlet) Fd() uintptr {
	if file, ok := o.Writer.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}
