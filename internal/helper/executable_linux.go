package helper

import "os"

// executable reads the running program. The link still works if the file was
// replaced or removed since the start.
func executable() ([]byte, error) { return os.ReadFile("/proc/self/exe") }
