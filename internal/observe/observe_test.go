package observe

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPhotos are pictures that differ from each other.
func TestPhotos(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		if _, err := jpeg.Decode(bytes.NewReader(variant(n))); err != nil {
			t.Errorf("photo %d: %v", n, err)
		}
		for other := range n {
			if similar(variant(n), variant(other)) {
				t.Errorf("photos %d and %d are alike", n, other)
			}
		}
		if !similar(variant(n), variant(n)) {
			t.Errorf("photo %d is not itself", n)
		}
	}
	if similar([]byte("a"), []byte("b")) {
		t.Error("what is no picture is like another")
	}
}

func TestOldFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if failed := seed([]string{dir, filepath.Join(dir, "none")}); len(failed) != 1 {
		t.Errorf("failed %v", failed)
	}
	if info, err := os.Stat(filepath.Join(dir, oldJob, oldFile)); err != nil || time.Since(info.ModTime()) < 48*time.Hour {
		t.Errorf("%v %v", info, err)
	}
	if files, empty := left([]string{dir}); !files || empty {
		t.Error("the files are there")
	}
	for _, name := range []string{filepath.Join(oldJob, oldFile), oldUpload} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if files, empty := left([]string{dir}); files || !empty {
		t.Error("the directory is there, and empty")
	}
}
