package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/djok/facecraft/internal/photo"
)

// maxName limits a name in a list, in bytes. Systems allow at most 4096.
const maxName = 64 << 10

// list adds the names in a file literally: none is treated as a glob, an option
// or a list.
func (f *Finder) list(name string) error {
	in, what := f.Stdin, StdinName
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("read the list of photos: %w", err)
		}
		defer file.Close()
		in, what = file, name
	}
	// Windows marks text as UTF-8 or UTF-16; other bytes are used unchanged.
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
		return fmt.Errorf("read the list of photos in %s: %w", what, err)
	}
	return nil
}

// splitNull is bufio.ScanLines for names that may contain newlines.
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

// standardInput saves a photo to a file, so that it can be inspected and sent
// more than once.
func (f *Finder) standardInput() error {
	path := filepath.Join(f.Spool, "stdin")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// One byte more than the limit, so that the size check fails.
	_, err = io.Copy(file, io.LimitReader(f.Stdin, photo.MaxBytes+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("read %s: %w", StdinName, err)
	}
	f.add(Photo{Path: path, Name: StdinName, Rel: "stdin", Spooled: true})
	return nil
}
