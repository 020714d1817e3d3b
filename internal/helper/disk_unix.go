//go:build !windows

package helper

import "golang.org/x/sys/unix"

// FreeDisk is how many bytes an ordinary user can still write to the file
// system of a path.
func FreeDisk(path string) (int64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return 0, err
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}
