package output

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
)

func isPage(r io.Reader) bool {
	data, err := io.ReadAll(r)
	return err == nil && bytes.HasPrefix(data, []byte("page"))
}

func write(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// Check and Write agree on what may be replaced.
func TestWhatIsReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	furnish := func() {
		for name, text := range map[string]string{"letter": "a letter", "page": "page one", "empty": "",
			"photo": "page or photo"} {
			if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	furnish()
	if err := errors.Join(os.Mkdir(at("dir"), 0o700), os.Symlink("page", at("link")),
		os.Symlink("nowhere", at("dangling"))); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	needed := func(path string, _ fs.FileInfo) string {
		if filepath.Base(path) == "photo" {
			return "a photo to process"
		}
		return ""
	}
	cases := []struct {
		name  string
		force bool
		plain bool   // the kind of file is not recognised
		want  string // the error; empty if the file is written
	}{
		{name: "new"},
		{name: "new", force: true},
		{name: "page"},
		{name: "page", plain: true, want: "page already exists"},
		{name: "page", plain: true, force: true},
		{name: "letter", want: "letter already exists"},
		{name: "letter", force: true},
		{name: "empty", want: "empty already exists"},
		{name: "photo", want: "photo: it is a photo to process"},
		{name: "photo", force: true, want: "photo: it is a photo to process"},
		{name: "dir", force: true, want: "dir is a directory"},
		{name: "link", force: true, want: "link is a symbolic link"},
		{name: "dangling", force: true, want: "dangling is a symbolic link"},
		{name: "socket", force: true, want: "socket is not a regular file"},
		{name: "missing/file", want: "cannot write " + at("missing/file") + ": no such file or directory"},
		{name: "page/file", want: "cannot write " + at("page/file") + ": not a directory"},
	}
	for _, tt := range cases {
		furnish()
		os.Remove(at("new"))
		before := list(t, dir)
		f := File{Path: at(tt.name), Force: tt.force, Flag: "--force", Earlier: isPage, Needed: needed}
		if tt.plain {
			f.Earlier = nil
		}
		checked := f.Check()
		err := f.Write(write("page two"))
		if tt.want == "" {
			if data, _ := os.ReadFile(at(tt.name)); checked != nil || err != nil || string(data) != "page two" {
				t.Errorf("%+v: %v, %v, %q", tt, checked, err, data)
			}
			continue
		}
		for _, err := range []error{checked, err} {
			if err == nil || !strings.HasSuffix(err.Error(), tt.want) || fault.CodeOf(err) != fault.Failed ||
				fault.HintOf(err) == "" {
				t.Errorf("%+v: %v", tt, err)
			}
		}
		if after := list(t, dir); after != before {
			t.Errorf("%+v changed the directory:\n%s\nto\n%s", tt, before, after)
		}
	}
}

// list describes everything in a directory, including contents.
func list(t *testing.T, dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, entry := range entries {
		text.WriteString(entry.Name() + " " + entry.Type().String())
		if entry.Type().IsRegular() {
			data, _ := os.ReadFile(filepath.Join(dir, entry.Name()))
			text.WriteString(" " + string(data))
		}
		text.WriteString("\n")
	}
	return text.String()
}

func TestPermissionsAreTheUsers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not have these permissions")
	}
	dir := t.TempDir()
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	ordinary := filepath.Join(dir, "ordinary")
	file, err := os.OpenFile(ordinary, os.O_CREATE, 0o666) // minus the umask
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	page := File{Path: filepath.Join(dir, "page"), Earlier: isPage}
	if err := page.Write(write("page")); err != nil || mode(page.Path) != mode(ordinary) {
		t.Errorf("a new file has %v, others have %v; %v", mode(page.Path), mode(ordinary), err)
	}
	if err := os.Chmod(page.Path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := page.Write(write("page")); err != nil || mode(page.Path) != 0o600 {
		t.Errorf("a private file became %v, %v", mode(page.Path), err)
	}
}

func TestNothingHalf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := File{Path: filepath.Join(dir, "page"), Earlier: isPage}
	failed := errors.New("the content failed")
	if err := f.Write(func(w io.Writer) error { return errors.Join(write("pa")(w), failed) }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if left := list(t, dir); left != "" {
		t.Errorf("left over: %s", left)
	}
	// A file created while the content is being written is kept.
	err := f.Write(func(w io.Writer) error { return os.WriteFile(f.Path, []byte("a letter"), 0o600) })
	if data, _ := os.ReadFile(f.Path); err == nil || !strings.HasSuffix(err.Error(), "page already exists") ||
		string(data) != "a letter" {
		t.Errorf("%q, %v", data, err)
	}
	if left := list(t, dir); left != "page ---------- a letter\n" {
		t.Errorf("left over: %s", left)
	}
}

func TestStandardOutput(t *testing.T) {
	t.Parallel()
	var stream bytes.Buffer
	f := File{Path: Stdout, Stream: &stream}
	if err := errors.Join(f.Check(), f.Write(write("page"))); err != nil || stream.String() != "page" {
		t.Errorf("%q, %v", stream.String(), err)
	}
	if _, err := os.Lstat(Stdout); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a file named - was created")
	}
}
