package helpercmd

import (
	"os"
	"syscall"
)

// FreeDisk is the space in bytes that an ordinary user can still use on the
// file system of path.
func FreeDisk(path string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}
