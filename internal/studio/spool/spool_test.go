package spool

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func open(t *testing.T, results string) *Spool {
	t.Helper()
	s, err := Open(results)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func example(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "example.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// TestAfterAKill: what the log has is there again; half a line, half an upload and
// what belongs to no photo are not.
func TestAfterAKill(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	s := open(t, results)
	for _, name := range []string{"kept.jpg", "gone.jpg"} {
		c, err := s.Receive(example(t))
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Add(c, Photo{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if name == "gone.jpg" {
			if err := s.Forget(p.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := filepath.Join(results, DirName)
	if err := os.WriteFile(filepath.Join(dir, "photos", ".new-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.log.WriteString(`{"photo":{"id":"half`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, results)
	defer s.Close()
	list := s.Photos()
	if len(list) != 1 || list[0].Name != "kept.jpg" {
		t.Fatalf("photos %+v", list)
	}
	left, err := os.ReadDir(filepath.Join(dir, "photos"))
	if err != nil || len(left) != 1 || left[0].Name() != list[0].ID {
		t.Errorf("files %v, %v", left, err)
	}
}

// TestOneProcess: a second one is told that the spool is in use.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	s := open(t, results)
	if _, err := Open(results); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, results).Close(); err != nil {
		t.Error(err)
	}
}

// TestPermissions: the portraits' folder is like others that the user makes, but
// what was dropped is private.
func TestPermissions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ordinary, results := filepath.Join(dir, "ordinary"), filepath.Join(dir, "new", "portraits")
	if err := os.Mkdir(ordinary, 0o777); err != nil {
		t.Fatal(err)
	}
	defer open(t, results).Close()
	if got, want := mode(t, results), mode(t, ordinary); got != want {
		t.Errorf("the folder has mode %v, want %v", got, want)
	}
	if got := mode(t, filepath.Join(results, DirName)); runtime.GOOS != "windows" && got != 0o700 {
		t.Errorf("the spool has mode %v", got)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// TestNoPhoto: nothing is kept of a file that is no photo.
func TestNoPhoto(t *testing.T) {
	t.Parallel()
	results := t.TempDir()
	s := open(t, results)
	defer s.Close()
	if _, err := s.Receive(strings.NewReader("<svg/>")); !errors.As(err, new(*Unfit)) {
		t.Errorf("received: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(results, DirName, "photos")); err != nil || len(left) != 0 {
		t.Errorf("files %v, %v", left, err)
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"anna.jpg":                        "anna.jpg",
		"3b/Müller, Änne.jpg":             "3b/Müller, Änne.jpg",
		"../../etc/passwd":                "etc/passwd",
		`C:\Users\me\a.jpg`:               "C_/Users/me/a.jpg",
		"/.ssh/.hidden":                   "ssh/hidden",
		"con.jpg":                         "_con.jpg",
		"a\u202egpj.exe\x1b[31m":          "agpj.exe[31m",
		"..":                              "photo",
		strings.Repeat("é", 150) + ".jpg": strings.Repeat("é", 98) + ".jpg",
		"1/2/3/4/5/6/7/8/9/10":            "3/4/5/6/7/8/9/10",
	} {
		if got := SafeName(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}
