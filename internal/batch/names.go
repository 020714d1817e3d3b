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
)

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
	if !job.journal.hasPhoto(job.Path) {
		return ""
	}
	own := job.journal.relative(job.Path)
	for level := levelStem; level <= levelNumber+9; level++ {
		stem := p.stem(job.Photo, into, level)
		for _, format := range []string{PNG, JPG} {
			if job.journal.entryFor(stem+"."+format).Photo == own {
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
		if taken[key] || wanted[key] > 1 && level < levelNumber || usedByAnother(job, stem) {
			rest = append(rest, job)
			continue
		}
		taken[key] = true
		job.place(stem, p.Formats)
	}
	return rest
}

// usedByAnother reports whether a name is in use for a different photo of an
// earlier run.
func usedByAnother(job *Job, stem string) bool {
	for _, format := range []string{PNG, JPG} {
		result := stem + "." + format
		if maker := job.journal.entryFor(result).Photo; maker != "" && maker != job.journal.relative(job.Path) {
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
