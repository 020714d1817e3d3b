package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// unwritable is the disk's fault, not the server's.
type unwritable struct{ cause error }

func (u *unwritable) Error() string { return "the result cannot be written: " + u.cause.Error() }

func (u *unwritable) Unwrap() error { return u.cause }

// results writes portraits. Each is filled under a temporary name, noted in
// the journal, and then given its name: so it is whole or absent, and known,
// whenever the program ends.
type results struct {
	force bool

	mu    sync.Mutex
	swept map[string]bool
}

// save fills and places a job's results. The entry says how they were made.
func (r *results) save(job *Job, made entry, fill func(file *os.File, format string) error) error {
	for i, result := range job.Results {
		if job.protect[i] {
			continue
		}
		if err := r.write(job.journal, result, made, fill); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) write(j *journal, result string, made entry, fill func(file *os.File, format string) error) error {
	file, err := r.create(result)
	if err != nil {
		return &unwritable{err}
	}
	defer os.Remove(file.Name()) // or it has another name by then
	err = fill(file, FormatOf(result))
	if closeErr := file.Close(); err == nil && closeErr != nil {
		err = &unwritable{closeErr}
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(file.Name())
	if err != nil {
		return &unwritable{err}
	}
	before := j.of(result)
	made.Result, made.ResultSize, made.ResultTime = j.relative(result), info.Size(), info.ModTime().UnixNano()
	if err := j.add(made); err != nil {
		return &unwritable{err}
	}
	if err := r.place(file.Name(), result, before); err != nil {
		return &unwritable{err}
	}
	return nil
}

// place gives a file its name. What lies there is replaced if it was made
// here, or by force.
func (r *results) place(temporary, result string, before entry) error {
	if info, err := os.Lstat(result); r.force || err == nil && (info.Size() == 0 || before.made(info)) {
		return os.Rename(temporary, result)
	}
	// A link, unlike a rename, refuses to replace a file.
	err := os.Link(temporary, result)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without hard links.
	if _, err := os.Lstat(result); err == nil {
		return fs.ErrExist
	}
	return os.Rename(temporary, result)
}

// temporaryMark begins the names of unfinished results.
var temporaryMark = ".facecraft-" + hostName() + "-"

// hostName keeps the runs of several machines in one directory apart.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || r == ':' {
			return '_'
		}
		return r
	}, name)
}

var temporaries atomic.Int64

// create makes a hidden file beside a result, with the permissions that a new
// file of the user has; os.CreateTemp's are narrower.
func (r *results) create(result string) (*os.File, error) {
	dir := filepath.Dir(result)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	r.sweep(dir)
	name := fmt.Sprintf("%s%d-%d.tmp", temporaryMark, os.Getpid(), temporaries.Add(1))
	return os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// sweep removes what runs of this machine left that were killed.
func (r *results) sweep(dir string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.swept[dir] {
		return
	}
	if r.swept == nil {
		r.swept = map[string]bool{}
	}
	r.swept[dir] = true
	entries, _ := os.ReadDir(dir) // best effort
	for _, entry := range entries {
		rest, ours := strings.CutPrefix(entry.Name(), temporaryMark)
		number, _, _ := strings.Cut(rest, "-")
		if pid, err := strconv.Atoi(number); ours && err == nil && strings.HasSuffix(rest, ".tmp") && !alive(pid) {
			os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}

// alive tells whether a process exists. Windows finds only those that do.
func alive(pid int) bool {
	if pid == os.Getpid() {
		return true
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer process.Release()
	return !errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
