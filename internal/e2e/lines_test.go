package e2e

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// widest is how many characters a line of source may have. A tab counts as one,
// as in the linter lll.
const widest = 120

// TestLines: no line of a program or a script is too long to read. What tests
// compare, in testdata, may be.
func TestLines(t *testing.T) {
	t.Parallel()
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"testdata", ".git", "bin", "dist"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !isSource(path):
			return nil
		}
		files++
		return measureLines(t, path)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("saw only %d files", files)
	}
}

func isSource(path string) bool {
	return slices.Contains([]string{".go", ".sh", ".py"}, filepath.Ext(path)) ||
		filepath.Base(path) == "Makefile" || filepath.Base(filepath.Dir(path)) == ".ci"
}

func measureLines(t *testing.T, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		if width := utf8.RuneCountInString(strings.TrimRight(lines.Text(), "\r")); width > widest {
			t.Errorf("%s:%d has %d characters, more than %d", path, n, width, widest)
		}
	}
	return lines.Err()
}
