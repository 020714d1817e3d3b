//go:build !windows

package detect

import (
	"os/exec"
	"syscall"
)

// alone gives a program a session of its own: it has no terminal to write to,
// and what it starts ends with it.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
