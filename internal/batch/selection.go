package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// Selection says what counts as done.
type Selection struct {
	Recipe Recipe
	// ImageIDs are those in use; a result of another is made again. None means
	// that they are not known.
	ImageIDs []string
	Force    bool // everything is made again
	Checksum bool // photos are compared by content instead of time
}

// Selected are jobs by what is to be done with them.
type Selected struct {
	Todo, Kept, Failed []*Job
	// Foreign counts those kept results that were not made here, or changed
	// since.
	Foreign int
}

// Select finds what is missing or changed. A photo with a problem of its own
// is under Failed.
func (s Selection) Select(jobs []*Job) (selected Selected) {
	for _, job := range jobs {
		if errors.As(job.Problem, new(*Deadly)) { // of an engine that was not known yet
			job.Problem = nil
		}
		switch {
		case job.Problem == nil:
			job.Problem, job.Blame = job.protectForeign(s.Force), Unwritable
		case job.Blame == "":
			job.Blame = Unreadable
		}
		if job.Problem == nil && !s.Force && s.deadly(job) {
			job.Problem, job.Blame = &Deadly{}, StopsServer
		}
		switch {
		case job.Problem != nil:
			selected.Failed = append(selected.Failed, job)
		case !slices.Contains(job.protect, false):
			selected.Foreign++
			selected.Kept = append(selected.Kept, job)
		case !s.Force && s.current(job):
			selected.Kept = append(selected.Kept, job)
		default:
			selected.Todo = append(selected.Todo, job)
		}
	}
	return selected
}

// protectForeign finds results that stay as they are.
func (j *Job) protectForeign(force bool) error {
	if _, err := os.Stat(j.Path); err != nil {
		return cause(err)
	}
	j.protect = make([]bool, len(j.Results))
	for i, result := range j.Results {
		info, err := os.Lstat(result)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0 && !force:
			j.protect[i] = true
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a regular file; choose another place with -o", result)
		case info.Size() == 0: // what a crash of the machine leaves
		default:
			j.protect[i] = !force && !j.journal.of(result).made(info)
		}
		if err == nil && !j.protect[i] {
			if err := j.spare(info); err != nil {
				return err
			}
		}
	}
	return nil
}

// spare refuses to replace what was given as a photo.
func (j *Job) spare(result fs.FileInfo) error {
	switch photo, found := j.inputs.find(result); {
	case found && photo.Path == j.Path:
		return errors.New("the result would replace the photo itself; choose another place with -o")
	case found:
		return fmt.Errorf("the result would replace %s, which was named as a photo; choose another place with -o", photo.Name)
	}
	return nil
}

// current tells whether the results that may be made anew need not be.
func (s Selection) current(job *Job) bool {
	for i, result := range job.Results {
		if job.protect[i] {
			continue
		}
		if info, err := os.Lstat(result); err != nil || info.Size() == 0 {
			return false
		}
		if e := job.journal.of(result); e.Deadly || !s.same(job, e) {
			return false
		}
	}
	return true
}

// deadly tells whether servers stopped over a photo that is to be made again.
func (s Selection) deadly(job *Job) bool {
	for i, result := range job.Results {
		if e := job.journal.of(result); !job.protect[i] && e.Deadly && s.same(job, e) {
			return true
		}
	}
	return false
}

// same tells whether an entry speaks of what would be done now.
func (s Selection) same(job *Job, e entry) bool {
	return e.Photo == job.journal.relative(job.Path) && e.Options == s.Recipe.String() && s.sameEngine(e) && s.samePhoto(job, e)
}

func (s Selection) sameEngine(before entry) bool {
	return len(s.ImageIDs) == 0 || before.ImageID == "" || slices.Contains(s.ImageIDs, before.ImageID)
}

func (s Selection) samePhoto(job *Job, before entry) bool {
	info, err := os.Stat(job.Path)
	if err != nil || info.Size() != before.PhotoSize {
		return false
	}
	if !s.Checksum || before.Sum == "" {
		return info.ModTime().UnixNano() == before.PhotoTime
	}
	file, err := os.Open(job.Path)
	if err != nil {
		return false
	}
	defer file.Close()
	sum, err := checksum(file, info.Size())
	return err == nil && sum == before.Sum
}

func checksum(r io.ReaderAt, size int64) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(r, 0, size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
