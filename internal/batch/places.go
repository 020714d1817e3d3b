package batch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

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
// The spared files were named by the user, too, and are never replaced either.
func (p *Planner) Plan(photos []Photo, spared ...Photo) ([]*Job, error) {
	into, err := p.directory(photos)
	if err != nil {
		return nil, err
	}
	var jobs, rest []*Job
	taken := map[string]bool{}
	inputs := &inputs{photos: photos, spared: spared}
	for _, photo := range photos {
		job := &Job{Photo: photo, inputs: inputs}
		jobs = append(jobs, job)
		if job.Problem != nil {
			continue
		}
		if job.journal, err = p.journals.in(p.journalDir(photo, into)); err != nil {
			return nil, fault.Wrap(fault.Failed, err, "choose a different location with -o", "cannot read the journal of earlier results")
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
	if info, err := os.Stat(p.Path); err == nil && info.IsDir() {
		return true, nil
	}
	if !p.names(photos) {
		return false, nil
	}
	if err := output.MakeDir(p.Path); err != nil {
		return false, fault.Wrap(fault.Failed, err, "choose a different location with -o", "cannot create the output directory")
	}
	return true, nil
}

// names reports whether Path, which does not exist, means a directory.
func (p *Planner) names(photos []Photo) bool {
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

// The levels of a name, from the simplest to one that is always unique.
const (
	levelStem      = iota // anna-facecraft
	levelExtension        // anna.jpg-facecraft, if there is anna.png, too
	levelDirectory        // 2024/anna.jpg-facecraft, if there is 2023/anna.jpg, too
	levelNumber           // anna.jpg-facecraft for the first, then anna.jpg-facecraft-2
)

// before returns the path of the photo's earlier results without extension, or
// "". Only names that could be chosen anyway are looked up, so a forged journal
// cannot direct results elsewhere.
func (p *Planner) before(job *Job, into bool) string {
	if !job.journal.knows(job.Path) {
		return ""
	}
	own := job.journal.relative(job.Path)
	for level := levelStem; level <= levelNumber+9; level++ {
		stem := p.stem(job.Photo, into, level)
		for _, format := range []string{PNG, JPG} {
			if job.journal.of(stem+"."+format).Photo == own {
				return stem
			}
		}
	}
	return ""
}

// placeLevel assigns the names that are unique at a level, and returns the jobs
// without one.
func (p *Planner) placeLevel(jobs []*Job, into bool, level int, taken map[string]bool) (rest []*Job) {
	wanted := map[string]int{}
	for _, job := range jobs {
		wanted[fold(p.stem(job.Photo, into, level))]++
	}
	for _, job := range jobs {
		stem := p.stem(job.Photo, into, level)
		key := fold(stem)
		if taken[key] || wanted[key] > 1 && level < levelNumber || madeOfAnother(job, stem) {
			rest = append(rest, job)
			continue
		}
		taken[key] = true
		job.place(stem, p.Formats)
	}
	return rest
}

// madeOfAnother reports whether a name is in use for a different photo of an
// earlier run.
func madeOfAnother(job *Job, stem string) bool {
	for _, format := range []string{PNG, JPG} {
		result := stem + "." + format
		if maker := job.journal.of(result).Photo; maker != "" && maker != job.journal.relative(job.Path) {
			if _, err := os.Lstat(result); !errors.Is(err, fs.ErrNotExist) {
				return true
			}
		}
	}
	return false
}

// stem is the path of a photo's results without the extension.
func (p *Planner) stem(photo Photo, into bool, level int) string {
	dir := filepath.Dir(photo.Path)
	if into {
		dir = filepath.Join(p.Path, filepath.Dir(photo.Rel))
	}
	name, tail := filepath.Base(photo.Rel), suffix
	if level == levelStem {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if level == levelDirectory && into && !photo.Spooled {
		dir = filepath.Join(p.Path, harmless(filepath.Dir(photo.Path)))
	}
	if level > levelNumber {
		tail += "-" + strconv.Itoa(level-levelNumber+1)
	}
	return filepath.Join(dir, shorten(name, maxBase-len(tail))+tail)
}

// harmless removes everything from a path that leads out of a directory.
func harmless(path string) string {
	path = path[len(filepath.VolumeName(path)):]
	return filepath.Join(string(filepath.Separator), path)[1:] // cleaned as if below a root
}

// maxBase is the maximum length of a name without its extension; most file
// systems allow 255 bytes in total.
const maxBase = 255 - len(".jpg")

// shorten truncates a long name; part of a hash keeps similar names distinct.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	tail := "-" + hex.EncodeToString(sum[:4])
	cut := limit - len(tail)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + tail
}
