package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/djok/facecraft/internal/photo"
)

// maxName bounds a name in a list, in bytes. Systems allow 4096 and less.
const maxName = 64 << 10

// list takes the names in a file, as they are: no name in it is a glob, an
// option or a list.
func (f *Finder) list(name string) error {
	in, what := f.Stdin, StdinName
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("the list of photos: %w", err)
		}
		defer file.Close()
		in, what = file, name
	}
	// Windows marks texts as UTF-8 or UTF-16; other bytes are taken as they are.
	names := bufio.NewScanner(transform.NewReader(in, unicode.BOMOverride(transform.Nop)))
	names.Buffer(nil, maxName)
	if f.Null {
		names.Split(splitNull)
	}
	for names.Scan() {
		if names.Text() != "" {
			f.path(names.Text())
		}
	}
	if err := names.Err(); err != nil {
		return fmt.Errorf("the list of photos in %s: %w", what, err)
	}
	return nil
}

// splitNull is bufio.ScanLines for names that may contain line ends.
func splitNull(data []byte, atEOF bool) (advance int, token []byte, err error) {
	for i, b := range data {
		if b == 0 {
			return i + 1, data[:i], nil
		}
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// standardInput keeps a photo in a file, where it can be looked into and sent
// again.
func (f *Finder) standardInput() error {
	path := filepath.Join(f.Spool, "stdin")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// One byte more than is taken, so that the check finds it too large.
	_, err = io.Copy(file, io.LimitReader(f.Stdin, photo.MaxBytes+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", StdinName, err)
	}
	f.add(Photo{Path: path, Name: StdinName, Rel: "stdin", Spooled: true})
	return nil
}

// cause is an error without the path that stands beside it already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
