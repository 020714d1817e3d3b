package detect

import (
	"os/exec"
	"syscall"
)

// alone keeps a program from opening a console window.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true} }
