package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// Place gives a finished temporary file its name. Without replace, it returns
// fs.ErrExist if a file of that name exists by now.
func Place(temporary, path string, replace bool) error {
	if replace {
		return os.Rename(temporary, path)
	}
	// A link, unlike a rename, refuses to replace a file.
	err := os.Link(temporary, path)
	if err == nil {
		return os.Remove(temporary)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	// The file system does not support hard links.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temporary, path)
}

// SyncDir flushes a directory, so that new names in it survive a power failure.
// Windows and some network file systems do so on their own and have no such
// call.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// MakeDir creates a directory and its parents, flushed to survive a power
// failure.
func MakeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MakeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() { // created in the meantime
			return nil
		}
		return err
	}
	return SyncDir(parent)
}
