package batch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/photo"
)

// walk adds the images in a directory, sorted by name. Links to directories are
// not followed, because they could form a cycle.
func (f *Finder) walk(root string) {
	prefix := ""
	if f.roots > 1 {
		prefix = filepath.Base(root)
	}
	// Errors are reported per path and never end the walk.
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		switch {
		case err != nil:
			f.add(Photo{Path: path, Name: path, Rel: entry.Name(), Problem: cause(err)})
			return nil
		case entry.IsDir() && (hidden || path != root && sameFile(path, f.Avoid)):
			return filepath.SkipDir
		case entry.IsDir() || hidden:
			return nil
		case isResult(path) || !looksLikePicture(path, entry):
			f.ignored++
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			rel = entry.Name()
		}
		f.add(Photo{Path: path, Name: path, Rel: filepath.Join(prefix, rel)})
		return nil
	})
}

// sameFile reports whether two paths refer to the same existing file.
func sameFile(path, other string) bool {
	a, errA := os.Stat(path)
	b, errB := os.Stat(other)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// isResult reports whether a file is named like a portrait.
func isResult(path string) bool {
	stem := strings.TrimSuffix(path, filepath.Ext(path))
	return strings.HasSuffix(stem, suffix)
}

// Extensions lists image extensions, with their dots, including those of unsupported formats,
// for which there is an error that says what to do.
var Extensions = []string{
	".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".heic", ".heif", ".avif",
	".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".tga", ".ico", ".svg",
}

// looksLikePicture decides which files in a directory count as images: those
// with an image extension, which are reported if they are not images after
// all, and those whose content is an image.
func looksLikePicture(path string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return false
		}
	} else if !entry.Type().IsRegular() {
		return false
	}
	if slices.Contains(Extensions, strings.ToLower(filepath.Ext(path))) {
		return true
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return photo.IsPicture(file)
}
