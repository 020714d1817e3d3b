package observe

import (
	"archive/tar"
	"bytes"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
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
		t.Error("something that is not a picture is like another")
	}
}

func TestOldFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if seed([]string{dir, filepath.Join(dir, "none")}) {
		t.Error("files were created in a directory that does not exist")
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

// TestArchive has the same files.
func TestArchive(t *testing.T) {
	t.Parallel()
	var names []string
	archive := tar.NewReader(OldFiles(1000, 1001))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil || h.Uid != 1000 || h.Gid != 1001 || time.Since(h.ModTime) < 48*time.Hour {
			t.Fatalf("%v %+v", err, h)
		}
		names = append(names, h.Name)
	}
	want := []string{oldJob + "/", oldJob + "/" + oldFile, oldUpload}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

// TestProcesses reads memory as Linux tells it.
func TestProcesses(t *testing.T) {
	t.Parallel()
	proc := t.TempDir()
	for pid, files := range map[string]map[string]string{
		"1": {"cmdline": "/bin/sh\x00-c\x00serve",
			"smaps_rollup": "Pss:  900 kB\nPrivate_Clean: 100 kB\nPrivate_Dirty: 400 kB\n"},
		"7": {"cmdline": "/opt/venv/bin/python\x00-m",
			"smaps_rollup": "00400000-7fff ---p 00000000 00:00 0 [rollup]\nPss: 9000 kB\nPrivate_Dirty: 8000 kB\n"},
		"8":    {"cmdline": "observer", "smaps_rollup": "Pss: 1 kB\n"},
		"9":    {"cmdline": "closed"},
		"self": {"smaps_rollup": "Pss: 5 kB\n"},
	} {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Join(proc, pid), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(proc, pid, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []Process{{"/opt/venv/bin/python", 8000 << 10, 9000 << 10}, {"/bin/sh", 500 << 10, 900 << 10}}
	if got := processes(proc, 8); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
