// Package tree lists a repository's files as git would: without ignored ones.
package tree

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// Tree is a repository's files.
type Tree struct {
	FS       fs.FS
	Files    []string // in the order of a walk
	Patterns []Pattern
	known    map[string]bool // files and directories
}

// Pattern is a line of a .gitignore.
type Pattern struct {
	gitignore.Pattern
	File string
	Line int
	Text string
}

// Walk lists the files. A directory that cannot be read is left out.
func Walk(ctx context.Context, root fs.FS) (*Tree, error) {
	t := &Tree{FS: root, known: map[string]bool{".": true}}
	t.patterns(".git/info/exclude", nil)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name == ".":
			return err
		case err != nil:
			return fs.SkipDir
		}
		return t.visit(name, entry)
	})
	return t, err
}

func (t *Tree) visit(name string, entry fs.DirEntry) error {
	if name != "." && t.hidden(name, entry.IsDir()) {
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	t.known[name] = true
	switch {
	case entry.IsDir():
		t.patterns(path.Join(name, ".gitignore"), split(name))
	case entry.Type().IsRegular():
		t.Files = append(t.Files, name)
	}
	return nil
}

func (t *Tree) hidden(name string, dir bool) bool {
	return path.Base(name) == ".git" || t.Ignored(name, dir) != nil
}

func split(name string) []string {
	if name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

// patterns reads an ignore file, if it exists.
func (t *Tree) patterns(file string, domain []string) {
	data, err := t.Read(file)
	if err != nil {
		return
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for line := 1; lines.Scan(); line++ {
		text := strings.TrimRight(lines.Text(), "\r")
		if strings.TrimSpace(text) == "" || strings.HasPrefix(text, "#") {
			continue
		}
		t.Patterns = append(t.Patterns, Pattern{gitignore.ParsePattern(text, domain), file, line, text})
	}
}

// Ignored returns the pattern that hides a path itself, or nil. The directories
// above it are not checked.
func (t *Tree) Ignored(name string, dir bool) *Pattern {
	parts := split(name)
	for i := len(t.Patterns) - 1; i >= 0; i-- {
		switch t.Patterns[i].Match(parts, dir) {
		case gitignore.Exclude:
			return &t.Patterns[i]
		case gitignore.Include:
			return nil
		}
	}
	return nil
}

// Has reports whether a file or directory is in the repository.
func (t *Tree) Has(name string) bool { return t.known[path.Clean(name)] }

// OnDisk reports whether a file or directory exists, ignored or not.
func (t *Tree) OnDisk(name string) bool {
	_, err := fs.Stat(t.FS, path.Clean(name))
	return err == nil
}

// Under returns the files in a directory and below it.
func (t *Tree) Under(dir string) []string {
	dir = path.Clean(dir)
	if dir == "." {
		return t.Files
	}
	var list []string
	for _, name := range t.Files {
		if strings.HasPrefix(name, dir+"/") {
			list = append(list, name)
		}
	}
	return list
}

// maxSize limits the size of files that are read: sources are smaller.
const maxSize = 4 << 20

// ErrTooLarge is the error for a file that is too large to be a source.
var ErrTooLarge = errors.New("it is larger than 4 MB")

// Read returns a file's content.
func (t *Tree) Read(name string) ([]byte, error) {
	file, err := t.FS.Open(path.Clean(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err == nil && len(data) > maxSize {
		return nil, ErrTooLarge
	}
	return data, err
}
