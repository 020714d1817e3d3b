// Package apikey reads, generates and stores the API keys of gateways.
package apikey

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/output"
)

// MaxFile is the maximum size of a key file, in bytes.
const MaxFile = 64 << 10

// Store stores the keys that this program generated, in one file for each instance.
type Store struct{ Dir string }

// DefaultStore is in the user's configuration directory.
func DefaultStore() (Store, error) {
	dir, err := os.UserConfigDir()
	return Store{filepath.Join(dir, "facecraft", "keys")}, err
}

// Path is the path of an instance's key file.
func (s Store) Path(instance string) string { return filepath.Join(s.Dir, instance) }

// Ensure returns an instance's keys. If there are none, it generates one that only
// the user can read.
func (s Store) Ensure(instance string) (keys string, err error) {
	path := s.Path(instance)
	data, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(data), err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", err
	}
	keys = rand.Text() + "\n"
	err = s.write(path, keys)
	if errors.Is(err, fs.ErrExist) { // another call was faster
		data, err = os.ReadFile(path)
		return string(data), err
	}
	return keys, err
}

// write creates a complete file atomically, so that no one reads half a key.
func (s Store) write(path, keys string) error {
	file, err := os.CreateTemp(s.Dir, ".new-") // readable by the user only
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(keys)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return output.Place(file.Name(), path, false)
}

// Remove deletes an instance's keys, and reports whether there were any.
func (s Store) Remove(instance string) (bool, error) {
	err := os.Remove(s.Path(instance))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
