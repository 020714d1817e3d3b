package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// peakMemory runs a command and returns the most memory that it had, in kB.
// What the system says when a process has ended is of no use here: it counts
// the memory of these tests, which the process had before it became another.
func peakMemory(cmd *exec.Cmd) (peak int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		peak = max(peak, kilobytes(string(status), "VmHWM"))
		select {
		case err := <-ended:
			return peak, err
		case <-time.After(time.Millisecond):
		}
	}
}
