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

// Selection decides which photos are already done.
type Selection struct {
	Recipe Recipe
	// ImageIDs are the IDs in use; results made by a different image are made
	// again. Empty if unknown.
	ImageIDs []string
	Force    bool // process everything again
	Checksum bool // compare photos by content instead of modification time
}

// Selected groups jobs by what to do with them.
type Selected struct {
	Todo, Kept, Failed []*Job
	// Protected counts the kept jobs whose results were not made by facecraft, or
	// were modified since.
	Protected int
}

// Select finds the photos whose results are missing or outdated. Photos with a
// problem are under Failed.
func (s Selection) Select(jobs []*Job) (selected Selected) {
	for _, job := range jobs {
		if errors.As(job.Problem, new(*StopsServerError)) { // from a call before the image ID was known
			job.Problem = nil
		}
		switch {
		case job.Problem == nil:
			job.Problem, job.Blame = job.findProtected(s.Force), Unwritable
		case job.Blame == "":
			job.Blame = Unreadable
		}
		if job.Problem == nil && !s.Force && s.stopsServer(job) {
			job.Problem, job.Blame = &StopsServerError{}, StopsServer
		}
		switch {
		case job.Problem != nil:
			selected.Failed = append(selected.Failed, job)
		case !slices.Contains(job.protect, false):
			selected.Protected++
			selected.Kept = append(selected.Kept, job)
		case !s.Force && s.current(job):
			selected.Kept = append(selected.Kept, job)
		default:
			selected.Todo = append(selected.Todo, job)
		}
	}
	return selected
}

// findProtected finds the results that must not be replaced.
func (j *Job) findProtected(force bool) error {
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
			return fmt.Errorf("%s is not a regular file; choose a different location with -o", result)
		case info.Size() == 0: // left by a crash of the machine
		default:
			j.protect[i] = !force && !j.journal.entryFor(result).made(info)
		}
		if err == nil && !j.protect[i] {
			if err := j.checkNotInput(info); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNotInput returns an error if a result would replace a photo.
func (j *Job) checkNotInput(result fs.FileInfo) error {
	switch photo, found := j.inputs.find(result); {
	case found && photo.Path == j.Path:
		return errors.New("the result would replace the photo itself; choose a different location with -o")
	case found:
		return fmt.Errorf("the result would replace %s, which was given as a photo; "+
			"choose a different location with -o", photo.Name)
	}
	return nil
}

// current reports whether the results are up to date.
func (s Selection) current(job *Job) bool {
	for i, result := range job.Results {
		if job.protect[i] {
			continue
		}
		if info, err := os.Lstat(result); err != nil || info.Size() == 0 {
			return false
		}
		if e := job.journal.entryFor(result); e.StopsServer || !s.same(job, e) {
			return false
		}
	}
	return true
}

// stopsServer reports whether the photo stopped servers in an earlier run.
func (s Selection) stopsServer(job *Job) bool {
	for i, result := range job.Results {
		if e := job.journal.entryFor(result); !job.protect[i] && e.StopsServer && s.same(job, e) {
			return true
		}
	}
	return false
}

// same reports whether an entry describes what would be done now.
func (s Selection) same(job *Job, e entry) bool {
	return e.Photo == job.journal.relative(job.Path) && e.Options == s.Recipe.String() &&
		s.sameImage(e) && s.samePhoto(job, e)
}

func (s Selection) sameImage(before entry) bool {
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
