package batch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/djok/facecraft/internal/photo"
)

// Photo is one input.
type Photo struct {
	Path string
	// Name is shown to people: the path, or "standard input".
	Name string
	// Rel is its path relative to the directory that was named; the results
	// mirror it. For a file that was named itself it is the base name.
	Rel string
	// Problem is why it cannot be processed, or nil.
	Problem error
	// Spooled means that the photo came from standard input: the file only
	// exists while the command runs.
	Spooled bool
}

// StdinName is the name shown for a photo from standard input.
const StdinName = "standard input"

// Finder turns a command's arguments into photos.
type Finder struct {
	Recursive bool // include the photos in directories
	Null      bool // lists are separated by NUL bytes instead of newlines
	Stdin     io.Reader
	// Avoid is a directory to skip: the one for the results.
	Avoid string
	// Spool is a temporary directory for a photo from Stdin.
	Spool string

	// PassedOver lists named files that were skipped because they look like
	// portraits; Problem says why.
	PassedOver []Photo

	found    []Photo
	seen     map[string]bool
	roots    int
	ignored  int
	journals *journals
}

// The reasons for skipping a named file.
var (
	// ErrEarlier is for a portrait that is recorded in the journal next to it.
	ErrEarlier = errors.New("this portrait was made by facecraft")
	// ErrNamedLikeResult is for a file that may be a photo.
	ErrNamedLikeResult = errors.New("its name ends in " + suffix + ", like a portrait's; rename it to process it")
)

// Find resolves the arguments: files, directories, globs, "-" for a photo on
// standard input, "@FILE" for a list of names and "@-" for a list on standard
// input. A photo with a problem does not stop the others. ignored counts the
// results of earlier runs, and the files in directories that are not images.
func (f *Finder) Find(args []string) (photos []Photo, ignored int, err error) {
	f.found, f.PassedOver, f.seen, f.ignored = nil, nil, map[string]bool{}, 0
	f.roots, f.journals = countDirectories(args), &journals{}
	for _, arg := range args {
		if err := f.argument(arg); err != nil {
			return nil, 0, err
		}
	}
	return f.found, f.ignored, nil
}

// countDirectories counts the named directories: the results of several trees
// must not be mixed up.
func countDirectories(args []string) (n int) {
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			n++
		}
	}
	return n
}

func (f *Finder) argument(arg string) error {
	switch list, isList := strings.CutPrefix(arg, "@"); {
	case arg == "-":
		return f.standardInput()
	case isList:
		return f.list(list)
	}
	_, err := os.Lstat(arg)
	if !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(arg, "*?[") {
		f.path(arg)
		return nil
	}
	// The shell did not expand it: it was quoted, or this is Windows.
	matches, err := filepath.Glob(arg)
	if err == nil && len(matches) == 0 {
		err = errors.New("no files match")
	}
	if err != nil {
		f.add(Photo{Path: arg, Name: arg, Problem: err})
	}
	for _, match := range matches {
		f.path(match)
	}
	return nil
}

// path adds a file or a directory by name.
func (f *Finder) path(path string) {
	info, err := os.Stat(path)
	p := Photo{Path: path, Name: path, Rel: filepath.Base(path)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Problem = errors.New("no such file")
	case err != nil:
		p.Problem = cause(err)
	case info.IsDir() && f.Recursive:
		f.walk(path)
		return
	case info.IsDir():
		p.Problem = errors.New("is a directory; use -r to process the photos in it")
	case !info.Mode().IsRegular():
		p.Problem = errors.New("not a regular file")
	case isResult(path):
		p.Problem = f.reason(path)
		f.ignored++
		f.PassedOver = append(f.PassedOver, p)
		return
	}
	f.add(p)
}

// reason says why a file named like a portrait is skipped.
func (f *Finder) reason(path string) error {
	j, err := f.journals.in(filepath.Dir(path))
	if err == nil && j.of(path).Result != "" {
		return ErrEarlier
	}
	return ErrNamedLikeResult
}

// walk adds the images in a directory, sorted by name. Links to directories are
// not followed, because they could form a cycle.
func (f *Finder) walk(root string) {
	prefix := ""
	if f.roots > 1 {
		prefix = filepath.Base(root)
	}
	// Errors are reported per path and never end the walk.
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		switch {
		case err != nil:
			f.add(Photo{Path: path, Name: path, Rel: entry.Name(), Problem: cause(err)})
			return nil
		case entry.IsDir() && (hidden || path != root && sameFile(path, f.Avoid)):
			return filepath.SkipDir
		case entry.IsDir() || hidden:
			return nil
		case isResult(path) || !looksLikePicture(path, entry):
			f.ignored++
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			rel = entry.Name()
		}
		f.add(Photo{Path: path, Name: path, Rel: filepath.Join(prefix, rel)})
		return nil
	})
}

// sameFile reports whether two paths refer to the same existing file.
func sameFile(path, other string) bool {
	a, errA := os.Stat(path)
	b, errB := os.Stat(other)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

func (f *Finder) add(p Photo) {
	key := filepath.Clean(p.Path)
	if !f.seen[key] {
		f.seen[key] = true
		f.found = append(f.found, p)
	}
}

// isResult reports whether a file is named like a portrait.
func isResult(path string) bool {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	return strings.HasSuffix(stem, suffix)
}

// extensions lists image extensions, including those of unsupported formats,
// for which there is an error that says what to do.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif",
	".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".tga", ".ico", ".svg"}

// looksLikePicture decides which files in a directory count as images: those
// with an image extension, which are reported if they are not images after
// all, and those whose content is an image.
func looksLikePicture(path string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	} else if !entry.Type().IsRegular() {
		return false
	}
	if slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) {
		return true
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return photo.IsPicture(file)
}

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

// cause is an error without the path, for messages that already name the file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
