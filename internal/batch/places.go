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

// Job is one photo with the places of its results.
type Job struct {
	Photo
	Results []string // in the order of the formats

	// Blame is the cause of the photo's problem, which lies with the photo or
	// with the place of its results.
	Blame Cause

	journal *journal
	inputs  *inputs
	// protect marks results that stay as they are: files of unknown origin,
	// or changed since they were made.
	protect []bool
}

// Output says where results go.
type Output struct {
	// Path is a directory, or a file's name for a single photo; empty puts
	// each result beside its photo.
	Path    string
	Formats []string
}

// Planner gives photos their results' places. It may be asked again when more
// photos are there.
type Planner struct {
	Output
	journals journals
}

// Plan finds a place for the results of each photo. A photo keeps the place
// that it had before; names never collide, not even on file systems that do
// not tell upper from lower case. The spared files were named, too, and are no
// more replaced than the photos.
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
			return nil, fault.Wrap(fault.Failed, err, "choose another place with -o", "the journal of earlier results cannot be read")
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

// directory tells whether Path is one, and creates it.
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
		return false, fault.Wrap(fault.Failed, err, "choose another place with -o", "the directory for the results cannot be made")
	}
	return true, nil
}

// names tells whether Path, which does not exist, is to be a directory.
func (p *Planner) names(photos []Photo) bool {
	tree := len(photos) == 1 && photos[0].Rel != filepath.Base(photos[0].Path) && !photos[0].Spooled
	return strings.HasSuffix(p.Path, "/") || strings.HasSuffix(p.Path, string(filepath.Separator)) ||
		len(photos) != 1 || tree || FormatOf(p.Path) == ""
}

// FormatOf is the format that a file's name asks for, or "".
func FormatOf(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png":
		return PNG
	case ".jpg", ".jpeg":
		return JPG
	}
	return ""
}

// journalDir is where the results' journal lies: in the output directory for
// a whole tree, else beside the result.
func (p *Planner) journalDir(photo Photo, into bool) string {
	switch {
	case into:
		return p.Path
	case p.Path != "":
		return filepath.Dir(p.Path)
	}
	return filepath.Dir(photo.Path)
}

// The levels of a name, from the plainest to one that is never taken.
const (
	levelStem      = iota // anna-facecraft
	levelExtension        // anna.jpg-facecraft, beside that of anna.png
	levelDirectory        // 2024/anna.jpg-facecraft, beside that of 2023/anna.jpg
	levelNumber           // anna.jpg-facecraft for the first, then anna.jpg-facecraft-2
)

// before is the place that the photo's results have already, or "". The
// journal is only asked about names that would be given anyway: none in it
// leads elsewhere.
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

// placeLevel gives places to those jobs whose names are unique on a level, and
// returns the others.
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

// madeOfAnother tells whether a name belongs to a photo of an earlier run.
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

// stem is the path of a photo's results without their extension.
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

// harmless is a path without what leads out of a directory.
func harmless(path string) string {
	path = path[len(filepath.VolumeName(path)):]
	return filepath.Join(string(filepath.Separator), path)[1:] // cleaned as if below a root
}

// maxBase leaves room for an extension in a name, of which most file systems
// allow 255 bytes.
const maxBase = 255 - len(".jpg")

// shorten cuts a name that is too long with its suffix; a part of its hash
// keeps it apart from its like.
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
