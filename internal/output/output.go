// Package output writes the files named on the command line. All commands
// follow one rule: an existing file is only replaced if it is an earlier file
// of the same kind, or if the user passed a flag. Directories, devices, links
// and the command's other inputs and outputs are never replaced.
//
// A file gets its name only once it is complete and on disk, so that neither an
// error nor a power failure leaves half a file.
package output

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/djok/facecraft/internal/fault"
)

// Stdout is the file name that means standard output.
const Stdout = "-"

// File is a file named by the user.
type File struct {
	Path   string    // Stdout writes to Stream
	Stream io.Writer // standard output
	// Force replaces an existing file; Flag is the flag that sets it, or "" if
	// the command has none.
	Force bool
	Flag  string
	// Earlier recognises an earlier file of the same kind by its content. It is
	// nil for files that people edit, which are only replaced with Force.
	Earlier func(io.Reader) bool
	// Needed says what the command itself uses a file for, or "" if it does not
	// use it. Such a file is never replaced. info is nil if the file does not
	// exist.
	Needed func(path string, info fs.FileInfo) string
}

// Check returns an error if the file cannot be written, before any work is done.
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

// Write calls fill to write the content, and then gives the file its name.
func (f File) Write(fill func(io.Writer) error) error {
	if f.Path == Stdout {
		return fill(f.Stream)
	}
	existing, err := f.replaceable()
	if err != nil {
		return err
	}
	temporary, err := Temporary(filepath.Dir(f.Path))
	if err != nil {
		return f.unwritable(err)
	}
	defer os.Remove(temporary.Name()) // unless it was renamed by then
	err = fill(temporary)
	if err == nil && existing != nil {
		err = temporary.Chmod(existing.Mode().Perm())
	}
	if err == nil {
		err = temporary.Sync()
	}
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = Place(temporary.Name(), f.Path, existing != nil)
	}
	if err == nil {
		err = SyncDir(filepath.Dir(f.Path))
	}
	return f.explain(err, temporary.Name())
}

// replaceable applies the rule. It returns the existing file to replace, or nil
// if there is none.
func (f File) replaceable() (fs.FileInfo, error) {
	if err := Nameable(f.Path, runtime.GOOS); err != nil {
		return nil, err
	}
	info, err := os.Lstat(f.Path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return nil, f.unwritable(err)
	}
	if f.Needed != nil {
		if what := f.Needed(f.Path, info); what != "" {
			return nil, fault.New(fault.Failed, "choose a different name", "refusing to overwrite %s: it is %s", f.Path, what)
		}
	}
	switch {
	case missing:
		return nil, nil
	case info.IsDir():
		return nil, fault.New(fault.Failed, "name a file in that directory", "%s is a directory", f.Path)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fault.New(
			fault.Failed,
			"name the file it points to, or use - for standard output",
			"%s is a symbolic link",
			f.Path,
		)
	case !info.Mode().IsRegular():
		return nil, fault.New(
			fault.Failed,
			"name a regular file, or use - for standard output",
			"%s is not a regular file",
			f.Path,
		)
	case !f.Force && !f.earlier():
		return nil, f.exists()
	}
	return info, nil
}

// earlier reports whether the existing file is of the same kind.
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
	hint := "remove it, or choose a different name"
	if f.Flag != "" {
		hint = "use " + f.Flag + " to replace it, or choose a different name"
	}
	return fault.New(fault.Failed, hint, "%s already exists", f.Path)
}

func (f File) unwritable(err error) error {
	return fault.Wrap(fault.Failed, Cause(err), "choose a different location", "cannot write %s", f.Path)
}

// explain turns file system errors into errors about the file the user named.
// Errors from fill are returned as they are.
func (f File) explain(err error, temporary string) error {
	var disk *fs.PathError
	var link *os.LinkError
	switch {
	case errors.Is(err, fs.ErrExist): // created in the meantime
		return f.exists()
	case errors.As(err, &link), errors.As(err, &disk) && disk.Path == temporary:
		return f.unwritable(err)
	}
	return err
}

// Cause is a file system error without the path, for messages that already
// name the file.
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

// NoTemporary is the error for a temporary file that cannot be created.
func NoTemporary(err error) error {
	return fault.Wrap(
		fault.Failed,
		err,
		"set TMPDIR to an existing directory you can write to",
		"cannot create a temporary file",
	)
}
