//go:build unix

package output

import (
	"errors"
	"syscall"
)

// Alive reports whether a process of this machine exists. It says yes if it
// cannot tell.
func Alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
