package batch

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/djok/facecraft/internal/output"
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
	// To Windows, a name with * or ? is not missing, but invalid.
	missing := errors.Is(err, fs.ErrNotExist) || err != nil && runtime.GOOS == "windows"
	if !missing || !strings.ContainsAny(arg, "*?[") {
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
	device := output.Nameable(path, runtime.GOOS)
	switch {
	case device != nil && (err != nil || !info.Mode().IsRegular()):
		p.Problem = device
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
	if err == nil && j.entryFor(path).Result != "" {
		return ErrEarlier
	}
	return ErrNamedLikeResult
}

func (f *Finder) add(p Photo) {
	key := filepath.Clean(p.Path)
	if !f.seen[key] {
		f.seen[key] = true
		f.found = append(f.found, p)
	}
}

// cause is an error without the path, for messages that already name the file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
