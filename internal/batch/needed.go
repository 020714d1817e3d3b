package batch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Needed says what jobs use a file for (a photo, a portrait or the journal), or
// returns "" if they do not use it and it may be overwritten. info is nil if the
// file does not exist.
func Needed(jobs []*Job, path string, info fs.FileInfo) string {
	if filepath.Base(path) == journalName {
		return "the journal of earlier results"
	}
	place := absolute(path)
	same := func(other string) bool {
		if absolute(other) == place {
			return true
		}
		existing, err := os.Stat(other)
		return info != nil && err == nil && os.SameFile(info, existing)
	}
	for _, job := range jobs {
		switch {
		case same(job.Path):
			return "a photo to process"
		case slices.ContainsFunc(job.Results, same):
			return "the portrait of " + job.Name
		}
	}
	return ""
}

// absolute makes paths comparable, also on case-insensitive file systems.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return fold(path)
}
