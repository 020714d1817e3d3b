package report

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/output"
)

func TestNamesAreOnlyText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hostile := []string{
		`</script><script>alert(1)</script>.jpg`, `"><img src=x onerror=alert(1)>.jpg`, "javascript:alert(1).jpg",
		"new\nline.jpg",
		"../../../etc/passwd", "invalid\xff.jpg", "{{data}}.jpg", "<!--.jpg", "a?b#c%20d.jpg",
	}
	if runtime.GOOS == "windows" { // where every name is Unicode
		hostile = slices.DeleteFunc(hostile, func(name string) bool { return !utf8.ValidString(name) })
	}
	var entries []Entry
	for _, name := range hostile {
		photo := filepath.Join(dir, "in", name)
		entries = append(entries, Entry{Photo: photo, Name: name, Outcome: "failed", Cause: "no face", Why: name})
	}
	out, err := render(filepath.Join(dir, "pages"), entries, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	empty, err := render(dir, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"<script", "</script", "<img", "<!--"} {
		if got, want := bytes.Count(out, []byte(mark)), bytes.Count(empty, []byte(mark)); got != want {
			t.Errorf("%q occurs %d times in the page, %d times in an empty one", mark, got, want)
		}
	}
	_, data, _ := strings.Cut(string(out), `id="data">`)
	data, _, _ = strings.Cut(data, "</script>")
	var read struct{ Items []item }
	if err := json.Unmarshal([]byte(data), &read); err != nil || len(read.Items) != len(hostile) {
		t.Fatalf("%d items, %v", len(read.Items), err)
	}
	for i, item := range read.Items {
		if want := strings.ToValidUTF8(hostile[i], "\ufffd"); item.Name != want {
			t.Errorf("name %q, want %q", item.Name, want)
		}
		u, err := url.Parse(item.Photo)
		if err != nil || u.IsAbs() || u.Host != "" || u.RawQuery != "" || u.Fragment != "" ||
			filepath.Join(dir, "pages", u.Path) != entries[i].Photo {
			t.Errorf("%q leads to %q, %v", hostile[i], item.Photo, err)
		}
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	for range 2 { // the second page replaces the first
		if err := writeFile(path,
			[]Entry{{Photo: "a.jpg", Name: "a.jpg", Outcome: "done", Results: []string{"b.png"}}}); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(data, []byte("<!doctype html>")) || !bytes.Contains(data, []byte(`"name":"a.jpg"`)) {
		t.Errorf("%.100s, %v", data, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left over: %v, %v", files, err)
	}
	for _, external := range []string{"http://", "https://", "@import", "url("} {
		if bytes.Contains(data, []byte(external)) {
			t.Errorf("the page contains %q: it must not load anything external", external)
		}
	}
	if err := writeFile(filepath.Join(dir, "nowhere", "r.html"), nil); err == nil {
		t.Error("no error for a missing directory")
	}
}

// writeFile writes a page the way the command does.
func writeFile(path string, entries []Entry) error {
	return output.File{Path: path, Earlier: IsPage}.Write(func(w io.Writer) error {
		return Write(w, filepath.Dir(path), entries)
	})
}
