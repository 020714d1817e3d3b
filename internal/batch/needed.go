package batch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Needed says what a file is to some jobs, for whoever is about to write it:
// a photo, a portrait or a journal; "" when it is none of them. info is nil
// when there is no such file yet.
func Needed(jobs []*Job, path string, info fs.FileInfo) string {
	if filepath.Base(path) == journalName {
		return "the journal of earlier results"
	}
	place := absolute(path)
	same := func(other string) bool {
		if absolute(other) == place {
			return true
		}
		there, err := os.Stat(other)
		return info != nil && err == nil && os.SameFile(info, there)
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

// absolute makes paths comparable, also on systems that do not tell upper from
// lower case.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return fold(path)
}
