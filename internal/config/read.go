package config

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/djok/facecraft/internal/fault"
)

// maxSize is the maximum size of the file, in bytes: more than anyone writes.
const maxSize = 64 << 10

// File is a configuration file that was read.
type File struct {
	Path     string
	Exists   bool
	Profiles []string // in the order of the file
	values   []Value
	schema   Schema
}

// Read reads the file at path; a missing file sets nothing. home is what "~"
// stands for. Errors are faults that name the line.
func Read(path, home string, schema Schema) (*File, error) {
	f := &File{Path: path, schema: schema}
	if path == "" {
		return f, nil
	}
	data, err := load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	f.Exists = true
	if err != nil {
		return nil, fault.Wrap(fault.Usage, err, "make it a readable text file, or move it away",
			"cannot read the configuration file %s", path)
	}
	return f, f.parse(string(data), home)
}

// load reads a regular file. It opens nothing else, because opening a pipe can
// block forever.
func load(path string) ([]byte, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, cause(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	case info.Size() > maxSize:
		return nil, errors.New("it is larger than 64 KiB")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, cause(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSize))
	return data, cause(err)
}

// cause is an error without the path, which the message already has.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
