package batch

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/output"
)

// Job is one photo and the paths of its results.
type Job struct {
	Photo
	Results []string // in the order of Output.Formats

	// Blame says whether Problem is about the photo or about its results.
	Blame Cause

	journal *journal
	inputs  *inputs
	// protect marks results that must not be replaced: files of unknown origin,
	// or modified since they were made.
	protect []bool
}

// Output says where to write results.
type Output struct {
	// Path is a directory, or a file name for a single photo. If empty, each
	// result is written next to its photo.
	Path    string
	Formats []string
}

// Planner decides where each photo's results go. Plan may be called again once
// there are more photos.
type Planner struct {
	Output
	journals journals
}

// Plan chooses the paths of the results of each photo. A photo keeps the paths
// it had before. Names never collide, not even on case-insensitive file systems.
// The skipped files were named by the user, too, and are never replaced either.
func (p *Planner) Plan(photos []Photo, skipped ...Photo) ([]*Job, error) {
	into, err := p.directory(photos)
	if err != nil {
		return nil, err
	}
	var jobs, rest []*Job
	taken := map[string]bool{}
	inputs := &inputs{photos: photos, skipped: skipped}
	for _, photo := range photos {
		job := &Job{Photo: photo, inputs: inputs}
		jobs = append(jobs, job)
		if job.Problem != nil {
			continue
		}
		if job.journal, err = p.journals.in(p.journalDir(photo, into)); err != nil {
			return nil, fault.Wrap(
				fault.Failed,
				err,
				"choose a different location with -o",
				"cannot read the journal of earlier results",
			)
		}
		switch before := p.before(job, into); {
		case p.Path != "" && !into:
			job.Results = []string{p.Path}
		case before != "":
			job.place(before, p.Formats)
			taken[fold(before)] = true
		default:
			rest = append(rest, job)
		}
	}
	for level := 0; len(rest) > 0; level++ {
		rest = p.placeLevel(rest, into, level, taken)
	}
	return jobs, nil
}

func (j *Job) place(stem string, formats []string) {
	j.Results = nil
	for _, format := range formats {
		j.Results = append(j.Results, stem+"."+format)
	}
}

// directory reports whether results go into a directory, and creates it.
func (p *Planner) directory(photos []Photo) (bool, error) {
	if p.Path == "" {
		return false, nil
	}
	if err := output.Nameable(p.Path, runtime.GOOS); err != nil {
		return false, err
	}
	if info, err := os.Stat(p.Path); err == nil && info.IsDir() {
		return true, nil
	}
	if !p.meansDirectory(photos) {
		return false, nil
	}
	if err := output.MakeDir(p.Path); err != nil {
		return false, fault.Wrap(
			fault.Failed,
			err,
			"choose a different location with -o",
			"cannot create the output directory",
		)
	}
	return true, nil
}

// meansDirectory reports whether Path, which does not exist, means a directory.
func (p *Planner) meansDirectory(photos []Photo) bool {
	tree := len(photos) == 1 && photos[0].Rel != filepath.Base(photos[0].Path) && !photos[0].Spooled
	return strings.HasSuffix(p.Path, "/") || strings.HasSuffix(p.Path, string(filepath.Separator)) ||
		len(photos) != 1 || tree || FormatOf(p.Path) == ""
}

// FormatOf returns the format for a file name, or "".
func FormatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return PNG
	case ".jpg", ".jpeg":
		return JPG
	}
	return ""
}

// journalDir is the directory of the journal: the output directory if there is
// one, otherwise the directory of the result.
func (p *Planner) journalDir(photo Photo, into bool) string {
	switch {
	case into:
		return p.Path
	case p.Path != "":
		return filepath.Dir(p.Path)
	}
	return filepath.Dir(photo.Path)
}
