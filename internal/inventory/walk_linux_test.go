package inventory

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWalk sees what a container would: names, links, and content only where
// it matters.
func TestWalk(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	put := func(name string, data []byte, mode os.FileMode) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	equal := bytes.Repeat([]byte("x"), minCompared)
	put("etc/passwd", []byte("root:x:0:0::/root:/bin/sh\n"), 0o644)
	put("usr/lib/a", equal, 0o644)
	put("usr/lib/b", equal, 0o4755|os.ModeSetuid)
	put("usr/lib/alone", append(equal, 'y'), 0o644)
	put("app/m.onnx", []byte("weights"), 0o644)
	put("proc/1/mem", []byte("not the image's"), 0o644)
	put("usr/lib/hollow", nil, 0o644)
	for _, err := range []error{
		os.Truncate(filepath.Join(root, "usr/lib/hollow"), 1<<40),
		os.Link(filepath.Join(root, "usr/lib/a"), filepath.Join(root, "usr/lib/again")),
		os.Symlink("/nowhere", filepath.Join(root, "usr/lib/link")),
		syscall.Mkfifo(filepath.Join(root, "usr/lib/pipe"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	entries, err := Walk(t.Context(), root, Interest{}, []string{"/proc"})
	if err != nil {
		t.Fatal(err)
	}
	tree := NewTree(entries)
	a, b := tree.At("usr/lib/a"), tree.At("usr/lib/b")
	switch {
	case tree.At("proc") != nil:
		t.Error("what was left out is there")
	case a.Sum == 0 || a.Sum != b.Sum:
		t.Errorf("equal files: %+v %+v", a, b)
	case b.Mode&0o4000 == 0:
		t.Errorf("setuid: %o", b.Mode)
	case tree.At("usr/lib/alone").Sum != 0:
		t.Error("a file that matters to nobody was read")
	case !tree.At("usr/lib/again").Again || tree.Size() != int64(26+3*minCompared+1+7)+1<<40:
		t.Errorf("sizes: %d, %+v", tree.Size(), tree.At("usr/lib/again"))
	case tree.At("usr/lib/link").Link != "/nowhere" || tree.At("usr/lib/pipe").Kind != Pipe:
		t.Error("a link or a pipe")
	case tree.At("app/m.onnx").Facts == nil || tree.At("app/m.onnx").Facts.SHA256 != hexSum("weights"):
		t.Error("the model was not read")
	case tree.At("etc/passwd").Facts == nil:
		t.Error("passwd was not read")
	}
}

// TestNeedsOfLibraries reads this machine's own, at once and as a stream.
func TestNeedsOfLibraries(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("/lib/x86_64-linux-gnu/lib*.so.*")
	if len(names) == 0 {
		t.Skip("needs Debian's libraries")
	}
	known := 0
	for _, name := range names[:min(len(names), 30)] {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		whole, _, err := libraries(bytes.NewReader(data))
		if err != nil {
			continue // a text in place of a library
		}
		w := newWindow(int64(len(data)))
		for i := 0; i < len(data); i += 1000 {
			if _, err := w.Write(data[i:min(i+1000, len(data))]); err != nil {
				t.Fatal(err)
			}
		}
		streamed, _, err := libraries(w)
		if err == nil && len(streamed) != len(whole) {
			t.Errorf("%s: streamed %v, whole %v", name, streamed, whole)
		}
		known += len(streamed)
	}
	if known == 0 {
		t.Error("no library needs another")
	}
}
