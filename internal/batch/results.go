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
	dir := filepath.Dir(result)
	if err := output.MakeDir(dir); err != nil {
		return &unwritable{err}
	}
	file, err := output.Temporary(dir)
	if err != nil {
		return &unwritable{err}
	}
	defer os.Remove(file.Name()) // or it has another name by then
	if err := fill(file, FormatOf(result)); err != nil {
		file.Close()
		return err
	}
	err = file.Sync()
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return &unwritable{err}
	}
	info, err := os.Stat(file.Name())
	if err != nil {
		return &unwritable{err}
	}
	made.Result, made.ResultSize, made.ResultTime = j.relative(result), info.Size(), info.ModTime().UnixNano()
	if err := r.commit(&unplaced{journal: j, entry: made, temporary: file.Name(), result: result}); err != nil {
		return &unwritable{err}
	}
	return nil
}
