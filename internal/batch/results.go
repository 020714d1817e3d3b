package batch

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/djok/facecraft/internal/output"
)

// unwritable is the disk's fault, not the server's.
type unwritable struct{ cause error }

func (u *unwritable) Error() string { return "the result cannot be written: " + u.cause.Error() }

func (u *unwritable) Unwrap() error { return u.cause }

// results writes portraits. Each is filled under a temporary name, noted in
// the journal, and then given its name: so it is whole or absent, and known,
// whenever the program ends. Each step is on the disk before the next, so that
// this holds for a power cut, too.
type results struct {
	force bool

	mu         sync.Mutex
	waiting    []*unplaced
	committing sync.Mutex
}

// save fills a job's results, and places them when all are whole: a photo of
// which one result cannot be had has none. The entry says how they were made.
func (r *results) save(job *Job, made entry, fill func(file *os.File, format string) error) error {
	var whole []*unplaced
	for i, result := range job.Results {
		if job.protect[i] {
			continue
		}
		u, err := r.write(job.journal, result, made, fill)
		if u != nil {
			defer os.Remove(u.temporary) // or it has another name by then
		}
		if err != nil {
			return err
		}
		whole = append(whole, u)
	}
	if err := r.commit(whole...); err != nil {
		return &unwritable{err}
	}
	return nil
}

// write fills a file that has yet to get its name. It is named also beside an
// error, to be removed.
func (r *results) write(j *journal, result string, made entry, fill func(file *os.File, format string) error) (*unplaced, error) {
	dir := filepath.Dir(result)
	if err := output.MakeDir(dir); err != nil {
		return nil, &unwritable{err}
	}
	file, err := output.Temporary(dir)
	if err != nil {
		return nil, &unwritable{err}
	}
	u := &unplaced{journal: j, temporary: file.Name(), result: result}
	if err := fill(file, FormatOf(result)); err != nil {
		file.Close()
		return u, err
	}
	err = file.Sync()
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return u, &unwritable{err}
	}
	info, err := os.Stat(file.Name())
	if err != nil {
		return u, &unwritable{err}
	}
	made.Result, made.ResultSize, made.ResultTime = j.relative(result), info.Size(), info.ModTime().UnixNano()
	u.entry = made
	return u, nil
}
