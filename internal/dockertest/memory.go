package dockertest

import (
	"fmt"
	"os"
	"strings"
)

// PeakMemory returns the most memory that this process has had at any time, in
// bytes; 0 where the system does not tell.
func PeakMemory() int64 {
	status, _ := os.ReadFile("/proc/self/status") // not everywhere
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	_, _ = fmt.Sscan(rest, &kilobytes)
	return kilobytes << 10
}
