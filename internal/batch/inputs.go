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
	// Name is what people call it: the path, or "standard input".
	Name string
	// Rel is its place below the directory that was named, which the results
	// mirror. A file that was named itself has its base name.
	Rel string
	// Problem is why it cannot be taken; nil when it may be.
	Problem error
	// Spooled tells that the file is only kept during the command: it came
	// from standard input.
	Spooled bool
}

// StdinName is what photos from standard input are called.
const StdinName = "standard input"

// Finder turns a command's arguments into photos.
type Finder struct {
	Recursive bool // directories are taken with all that lies in them
	Null      bool // lists are separated by NUL bytes instead of line ends
	Stdin     io.Reader
	// Avoid is a directory that is not walked: that of the results.
	Avoid string
	// Spool is a directory of the caller's own for what comes from Stdin.
	Spool string

	// PassedOver are the files that were named and bear the name of a portrait,
	// each with its reason as the problem.
	PassedOver []Photo

	found    []Photo
	seen     map[string]bool
	roots    int
	ignored  int
	journals *journals
}

// The reasons for which a named file is passed over.
var (
	// ErrEarlier is about a portrait that the journal beside it knows.
	ErrEarlier = errors.New("it is a portrait that facecraft made")
	// ErrNamedLikeResult is about a file that may be somebody's photo.
	ErrNamedLikeResult = errors.New("it is named like a portrait; rename it to process it")
)

// Find reads the arguments: files, directories, globs, "-" for a photo on
// standard input, "@FILE" for a list of names and "@-" for one on standard
// input. A photo with a problem does not stop the others. Files that are no
// pictures are ignored in directories, and results of earlier runs everywhere;
// ignored counts them.
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

// countDirectories tells whether results of several trees meet.
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
	// What the shell did not expand: it was quoted, or is Windows'.
	matches, err := filepath.Glob(arg)
	if err == nil && len(matches) == 0 {
		err = errors.New("nothing has such a name")
	}
	if err != nil {
		f.add(Photo{Path: arg, Name: arg, Problem: err})
	}
	for _, match := range matches {
		f.path(match)
	}
	return nil
}

// path takes a file or a directory by its name.
func (f *Finder) path(path string) {
	info, err := os.Stat(path)
	p := Photo{Path: path, Name: path, Rel: filepath.Base(path)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Problem = errors.New("there is no such file")
	case err != nil:
		p.Problem = cause(err)
	case info.IsDir() && f.Recursive:
		f.walk(path)
		return
	case info.IsDir():
		p.Problem = errors.New("it is a directory; -r takes the photos in it")
	case !info.Mode().IsRegular():
		p.Problem = errors.New("it is not a file")
	case isResult(path):
		p.Problem = f.reason(path)
		f.ignored++
		f.PassedOver = append(f.PassedOver, p)
		return
	}
	f.add(p)
}

// reason is why a file with the name of a portrait is passed over.
func (f *Finder) reason(path string) error {
	j, err := f.journals.in(filepath.Dir(path))
	if err == nil && j.of(path).Result != "" {
		return ErrEarlier
	}
	return ErrNamedLikeResult
}

// walk takes the pictures in a directory, in the order of their names. Links
// to directories are not followed: they could lead in circles.
func (f *Finder) walk(root string) {
	prefix := ""
	if f.roots > 1 {
		prefix = filepath.Base(root)
	}
	// Errors are reported for each path, and never end the walk.
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

// sameFile tells whether two paths lead to one thing that exists.
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

// isResult tells whether a file bears the name of a portrait.
func isResult(path string) bool {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	return strings.HasSuffix(stem, suffix)
}

// extensions are those of pictures, also of kinds that are refused: the
// refusal says what to do.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif",
	".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".tga", ".ico", ".svg"}

// looksLikePicture decides in a directory, where also other things lie. What
// has a picture's name is taken and reported if it is none; of the rest the
// content decides.
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
