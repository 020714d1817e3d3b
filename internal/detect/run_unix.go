//go:build !windows

package detect

import (
	"os/exec"
	"syscall"
)

// alone runs a program in its own session: it has no terminal to write to, and
// its children end with it.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
