package batch

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/djok/facecraft/internal/output"
)

// unwritable is a disk error, not a server error.
type unwritable struct{ cause error }

func (u *unwritable) Error() string { return "cannot write the result: " + u.cause.Error() }

func (u *unwritable) Unwrap() error { return u.cause }

// results writes portraits. Each is written under a temporary name, recorded in
// the journal and then renamed, so it is complete or absent, and recorded,
// whenever the program ends. Each step is synced before the next, so this also
// holds after a power failure.
type results struct {
	force bool

	mu         sync.Mutex
	waiting    []*unplaced
	committing sync.Mutex
}

// save writes a job's results and renames them once all are complete: if one
// fails, the photo gets none. The entry says how they were made.
func (r *results) save(job *Job, made entry, fill func(file *os.File, format string) error) error {
	var whole []*unplaced
	for i, result := range job.Results {
		if job.protect[i] {
			continue
		}
		u, err := r.write(job.journal, result, made, fill)
		if u != nil {
			defer os.Remove(u.temporary) // unless it was renamed by then
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

// write writes a file under a temporary name. The result is non-nil even along
// with an error once the file exists, so that it can be removed.
func (r *results) write(
	j *journal,
	result string,
	made entry,
	fill func(file *os.File, format string) error,
) (*unplaced, error) {
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
