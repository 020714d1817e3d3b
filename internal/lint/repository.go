package lint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/fault"
)

// Repository is a directory whose sources are read and fixed; nothing outside it
// is.
type Repository struct {
	*os.Root
	Dir  string
	Only []string // the files and directories that the user named, relative to the repository
}

// Open opens the repository that contains the paths or, without paths, the
// working directory.
func Open(paths []string) (*Repository, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	r := &Repository{}
	for _, name := range paths {
		full, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(full)
		if err != nil {
			return nil, fault.Wrap(fault.Usage, err, "check its name", "there is nothing to lint")
		}
		top := topOf(full, info.IsDir())
		if r.Dir != "" && top != r.Dir {
			return nil, fault.New(fault.Usage, "lint one repository at a time", "%s is in %s, and not in %s", name, top, r.Dir)
		}
		r.Dir = top
		rest, err := filepath.Rel(top, full)
		if err != nil {
			return nil, err
		}
		r.Only = append(r.Only, filepath.ToSlash(rest))
	}
	var err error
	r.Root, err = os.OpenRoot(r.Dir)
	return r, err
}

// topOf returns the nearest directory at or above a path that contains .git, or
// else the path's own directory.
func topOf(full string, isDir bool) string {
	own := full
	if !isDir {
		own = filepath.Dir(full)
	}
	for dir := own; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if strings.TrimRight(filepath.Dir(dir), `/\`) == strings.TrimRight(dir, `/\`) {
			return own
		}
	}
}

// Write replaces a file atomically and keeps its mode.
func (r *Repository) Write(change Change) error {
	if err := r.replace(change); err != nil {
		return fault.Wrap(fault.Failed, err, "make it writable", "%s was not changed", change.File)
	}
	return nil
}

func (r *Repository) replace(change Change) error {
	mode := fs.FileMode(0o644)
	if info, err := r.Stat(change.File); err == nil {
		mode = info.Mode().Perm()
	}
	temporary := change.File + ".facecraft-new"
	if err := r.WriteFile(temporary, change.After, mode); err != nil {
		return err
	}
	if err := r.Rename(temporary, change.File); err != nil {
		return errors.Join(err, r.Remove(temporary))
	}
	return nil
}
