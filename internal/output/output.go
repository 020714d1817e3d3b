// Package output writes the files that a command was told to write. All
// commands follow one rule: a file is written where there is nothing, where an
// earlier file of the same kind is that may be replaced, or where the user
// agreed by a flag. Anything else stays: directories, devices, links, and
// whatever the command itself reads or writes elsewhere.
//
// A file appears under its name only when it is complete and on the disk, so
// that neither an error nor a power cut leaves half of it.
package output

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/fault"
)

// Stdout is the name that stands for standard output.
const Stdout = "-"

// File is one that a user named.
type File struct {
	Path   string    // Stdout writes to Stream
	Stream io.Writer // standard output
	// Force is whether the user agreed to replace what is there; Flag is the
	// flag that says so, or "" when the command has none.
	Force bool
	Flag  string
	// Earlier recognises an earlier file of the same kind by its content. It
	// is nil for kinds that people edit: those are replaced only by force.
	Earlier func(io.Reader) bool
	// Needed says for what the command needs a file itself, or "" when it does
	// not. Such a file is never replaced. info is nil when the file is missing.
	Needed func(path string, info fs.FileInfo) string
}

// Check tells whether the file can be written, before any work is done.
func (f File) Check() error {
	if f.Path == Stdout {
		return nil
	}
	if _, err := f.replaceable(); err != nil {
		return err
	}
	probe, err := Temporary(filepath.Dir(f.Path))
	if err != nil {
		return f.unwritable(err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Write has fill write the content.
func (f File) Write(fill func(io.Writer) error) error {
	if f.Path == Stdout {
		return fill(f.Stream)
	}
	there, err := f.replaceable()
	if err != nil {
		return err
	}
	temporary, err := Temporary(filepath.Dir(f.Path))
	if err != nil {
		return f.unwritable(err)
	}
	defer os.Remove(temporary.Name()) // or it has another name by then
	err = fill(temporary)
	if err == nil && there != nil {
		err = temporary.Chmod(there.Mode().Perm())
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = Place(temporary.Name(), f.Path, there != nil)
	}
	if err == nil {
		err = SyncDir(filepath.Dir(f.Path))
	}
	return f.explain(err, temporary.Name())
}

// replaceable is the one rule. It returns what is to be replaced, or nil when
// there is nothing.
func (f File) replaceable() (fs.FileInfo, error) {
	info, err := os.Lstat(f.Path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, f.unwritable(err)
	}
	if f.Needed != nil {
		if what := f.Needed(f.Path, info); what != "" {
			return nil, fault.New(fault.Failed, "choose another name", "refusing to overwrite %s: it is %s", f.Path, what)
		}
	}
	switch {
	case missing:
		return nil, nil
	case info.IsDir():
		return nil, fault.New(fault.Failed, "name a file in it", "%s is a directory", f.Path)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fault.New(fault.Failed, "name the file that it points to, or - for standard output", "%s is a symbolic link", f.Path)
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Failed, "name a file, or - for standard output", "%s is not a regular file", f.Path)
	case !f.Force && !f.earlier():
		return nil, f.exists()
	}
	return info, nil
}

// earlier tells whether the file that is there is one of the same kind.
func (f File) earlier() bool {
	if f.Earlier == nil {
		return false
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return false
	}
	defer file.Close()
	return f.Earlier(file)
}

func (f File) exists() error {
	hint := "remove it, or choose another name"
	if f.Flag != "" {
		hint = f.Flag + " replaces it; or choose another name"
	}
	return fault.New(fault.Failed, hint, "%s already exists", f.Path)
}

func (f File) unwritable(err error) error {
	return fault.Wrap(fault.Failed, Cause(err), "choose another place", "%s cannot be written", f.Path)
}

// explain turns errors of the disk into words about the file. Others are the
// content's and pass.
func (f File) explain(err error, temporary string) error {
	var disk *fs.PathError
	var link *os.LinkError
	switch {
	case errors.Is(err, fs.ErrExist): // it appeared meanwhile
		return f.exists()
	case errors.As(err, &link), errors.As(err, &disk) && disk.Path == temporary:
		return f.unwritable(err)
	}
	return err
}

// Cause is an error of the file system without the name that stands beside it
// already.
func Cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// NoTemporary is why something that is on its way cannot be kept.
func NoTemporary(err error) error {
	return fault.Wrap(fault.Failed, err, "set TMPDIR to a directory that exists and that you may write to", "no temporary file can be made")
}
