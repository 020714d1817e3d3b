package batch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/djok/facecraft/internal/output"
)

// ErrChanged means that a file is not, or no longer, a result that facecraft
// made of a photo.
var ErrChanged = errors.New("the file was changed since it was made")

// Move gives the results of a planned job, which are at old, the job's paths: it
// was planned with a different Rel since they were made. Like a new result, each
// is entered in the journal before it gets its name.
func (j *Job) Move(old []string) error {
	for _, from := range old {
		made, err := j.own(from)
		if err != nil {
			return err
		}
		to := j.resultIn(FormatOf(from))
		if to == "" || to == from {
			continue
		}
		if err := output.MakeDir(filepath.Dir(to)); err != nil {
			return err
		}
		made.Result = j.journal.relative(to)
		if err := j.journal.add(made); err != nil {
			return err
		}
		if err := output.Place(from, to, false); err != nil {
			return err
		}
	}
	return nil
}

// Discard removes results that are no longer wanted. Those that were changed
// since are kept, and the error is ErrChanged.
func (j *Job) Discard(results []string) (err error) {
	for _, result := range results {
		if _, problem := j.own(result); problem != nil {
			if !errors.Is(problem, fs.ErrNotExist) {
				err = problem
			}
			continue
		}
		err = errors.Join(err, os.Remove(result))
	}
	return err
}

// own returns the entry for a result that is as it was made.
func (j *Job) own(result string) (entry, error) {
	info, err := os.Lstat(result)
	if err != nil {
		return entry{}, err
	}
	made := j.journal.entryFor(result)
	if !made.made(info) || made.Photo != j.journal.relative(j.Path) {
		return entry{}, ErrChanged
	}
	return made, nil
}

// resultIn returns the job's result in a format, or "".
func (j *Job) resultIn(format string) string {
	for _, result := range j.Results {
		if FormatOf(result) == format {
			return result
		}
	}
	return ""
}
