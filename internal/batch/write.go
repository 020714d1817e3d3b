package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeWhole fills a temporary file beside path and then gives it its name, so
// that path is whole or absent whenever the program ends. Without force a
// file that appeared there meanwhile is kept.
func writeWhole(path string, force bool, fill func(*os.File) error) (err error) {
	file, err := createTemporary(path)
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.Remove(file.Name()); err == nil && !errors.Is(removeErr, fs.ErrNotExist) {
			err = removeErr
		}
	}()
	if err := fill(file); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if force {
		return os.Rename(file.Name(), path)
	}
	// A link, unlike a rename, refuses to replace a file.
	err = os.Link(file.Name(), path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists; --force replaces it", path)
	case err != nil: // a file system without hard links
		if _, statErr := os.Stat(path); statErr == nil {
			return fmt.Errorf("%s exists; --force replaces it", path)
		}
		return os.Rename(file.Name(), path)
	}
	return nil
}

// createTemporary makes a hidden file with the permissions that a new file of
// the user has; os.CreateTemp's are narrower. The process's number keeps two
// runs apart.
func createTemporary(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".facecraft-%d.tmp", os.Getpid()))
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
}
