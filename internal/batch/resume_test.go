package batch

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestResume(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	photos(t, in, 4)
	s := newStub()
	url := s.start(t)
	b := batchOf{
		dir:      in,
		out:      out,
		servers:  []*Server{{URL: url, ImageID: "sha256:one"}},
		imageIDs: []string{"sha256:one"},
	}
	// todo checks how many photos the next run processes.
	todo := func(what string, want int) {
		t.Helper()
		b.servers = []*Server{{URL: url, ImageID: b.imageIDs[0]}}
		before := s.asked
		results, selected, err := b.do(t)
		if err != nil || len(selected.Todo) != want || s.asked-before != want || outcomes(results)[Done] != want {
			t.Errorf(
				"%s: %d to do, %d asked, %v, %v; want %d",
				what,
				len(selected.Todo),
				s.asked-before,
				outcomes(results),
				err,
				want,
			)
		}
	}
	result := func(i int) string { return filepath.Join(out, fmt.Sprintf("p%04d-facecraft.png", i)) }
	photo := filepath.Join(in, "p0001.jpg")

	todo("first run", 4)
	todo("again", 0)
	if err := os.Remove(result(0)); err != nil {
		t.Fatal(err)
	}
	todo("missing result", 1)
	writeFile(t, result(2), "")
	todo("empty result, as after a crash", 1)
	writeFile(t, photo, jpegOf("another"))
	todo("changed photo", 1)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(photo, later, later); err != nil {
		t.Fatal(err)
	}
	todo("changed modification time", 1)
	b.recipe.Width++
	todo("different options", 4)
	b.imageIDs = []string{"sha256:two"}
	todo("different image", 4)
	b.imageIDs = []string{"sha256:three", "sha256:two"}
	todo("one of several images", 0)
	b.force = true
	todo("with force", 4)
	b.force = false

	// Results that were edited or put there by others are kept.
	writeFile(t, result(3), "touched up by hand")
	b.recipe.Width++
	todo("different options, one result edited", 3)
	if got := tree(t, out)["p0003-facecraft.png"]; got != "touched up by hand" {
		t.Errorf("the edited result became %q", got)
	}
	_, selected, _ := b.do(t)
	if selected.Protected != 1 || len(selected.Kept) != 4 {
		t.Errorf("%d protected, %d kept", selected.Protected, len(selected.Kept))
	}
	b.force = true
	todo("with force, one result edited", 4)
	b.force = false

	// The journal may be damaged or lost.
	journal := filepath.Join(out, journalName)
	data, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, journal, "\x00\xff not a line\n"+string(data)+`{"result":"p00`)
	todo("damaged journal", 0)
	if err := os.Remove(result(1)); err != nil {
		t.Fatal(err)
	}
	todo("missing result and damaged journal", 1)
	todo("the line after the damaged one counts", 0)
	if err := os.Remove(journal); err != nil {
		t.Fatal(err)
	}
	b.recipe.Width++
	todo("lost journal: results are kept", 0)
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	photos(t, in, 2)
	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: newStub().start(t)}}, checksum: true}
	if _, _, err := b.do(t); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(in, "p0001.jpg")
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if _, selected, _ := b.do(t); len(selected.Todo) != 0 {
		t.Error("a photo with the same content and a different time is processed again")
	}
	writeFile(t, path, strings.Replace(jpegOf("1"), "1\xff\xd9", "2\xff\xd9", 1))
	if err := os.Chtimes(path, stat.ModTime(), stat.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, selected, _ := b.do(t); len(selected.Todo) != 1 {
		t.Error("a photo with the same size and time and different content is not processed again")
	}
}

// killedRun makes the test binary run TestKill's second process. It holds the
// photo directory, the output directory and the server's URL.
const killedRun = "FACECRAFT_TEST_KILLED_RUN"

// After kill -9, running again completes the batch, with results identical to
// those of an uninterrupted run.
func TestKill(t *testing.T) {
	if place := os.Getenv(killedRun); place != "" {
		parts := strings.Split(place, "\n")
		b := batchOf{dir: parts[0], out: parts[1], servers: []*Server{{URL: parts[2]}}, recipe: recipe()}
		b.recipe.Formats = []string{PNG, JPG}
		_, _, err := b.do(t)
		t.Fatalf("it was not killed: %v", err)
	}
	t.Parallel()
	in := t.TempDir()
	photos(t, in, 300)
	s := newStub()
	url := s.start(t)
	undisturbed := batchOf{
		dir:     in,
		out:     t.TempDir(),
		servers: []*Server{{URL: url}},
		recipe:  Recipe{Options: recipe().Options, Formats: []string{PNG, JPG}},
	}
	if results, _, err := undisturbed.do(t); err != nil || outcomes(results)[Done] != 300 {
		t.Fatal(outcomes(results), err)
	}
	want := tree(t, undisturbed.out)

	b := batchOf{dir: in, out: t.TempDir(), servers: []*Server{{URL: url}}, recipe: undisturbed.recipe}
	for round := range 3 { // killed at different points
		s.mu.Lock()
		s.delay = time.Millisecond
		s.mu.Unlock()
		cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
		cmd.Env = append(os.Environ(), killedRun+"="+in+"\n"+b.out+"\n"+url)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); countFiles(t, b.out) < 100*(round+1); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no results")
			}
		}
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			t.Fatal("it ended on its own")
		}
	}
	made := 0
	for name, content := range tree(t, b.out) {
		switch {
		case strings.HasSuffix(name, ".tmp"):
		case want[name] != content:
			t.Errorf("%s is incomplete: %d bytes of %d", name, len(content), len(want[name]))
		default:
			made++
		}
	}
	results, selected, err := b.do(t)
	if err != nil || outcomes(results)[Done] != len(selected.Todo) || len(selected.Kept) < made/2-1 ||
		len(selected.Todo) == 0 {
		t.Errorf("the rerun made %v, kept %d of %d files, %v", outcomes(results), len(selected.Kept), made, err)
	}
	if got := tree(t, b.out); !maps.Equal(got, want) {
		t.Errorf("%d files after the rerun, %d in an uninterrupted run", len(got), len(want))
	}
}

func countFiles(t *testing.T, dir string) int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func hash(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// Hundreds of odd names: each photo gets its own portrait, inside the output
// directory.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows allows few of these names")
	}
	in, out := filepath.Join(t.TempDir(), "in"), t.TempDir()
	names := []string{
		"-rf.jpg", "--force.jpg", "new\nline.jpg", "tab\t.jpg", "a b.jpg", "quote\".jpg", "'.jpg", "$(touch x).jpg",
		"`x`.jpg", "%2e%2e%2f.jpg",
		"a..jpg", "a...jpg", "*.jpg", "[a].jpg", "?.jpg", "\\..\\x.jpg", "COM1.jpg", "<img src=x>.jpg", "\x1b[31mred.jpg",
		"bidi\u202egpj.jpg",
		"invalid\xff\xfe.jpg", "ümlaut.jpg", "日本.jpg", strings.Repeat("x", 251) + ".jpg", strings.Repeat("é", 125) + ".jpg",
		strings.Repeat("x", 250) + "y.jpg", "a.jpg", "a.png", "A.JPG", "a.jpg.jpg", "a.b/c.jpg", "d/a.jpg", "@list.jpg",
	}
	for _, name := range names {
		writeFile(t, filepath.Join(in, name), jpegOf(name))
	}
	s := newStub()
	b := batchOf{dir: in, out: out, servers: []*Server{{URL: s.start(t)}}}
	b.recipe = recipe()
	results, _, err := b.do(t)
	if err != nil {
		t.Fatal(err)
	}
	files := tree(t, out)
	if len(files) != len(names) || s.asked != len(names) {
		t.Errorf("%d results of %d photos", len(files), len(names))
	}
	folded := map[string]bool{}
	for name := range files {
		folded[fold(name)] = true
	}
	if len(folded) != len(files) {
		t.Error("two results differ only in case")
	}
	for _, r := range results {
		if r.Outcome != Done || len(r.Results) != 1 || !strings.HasPrefix(r.Results[0], out+string(filepath.Separator)) {
			t.Errorf("%q: %v %v %v", r.Path, r.Outcome, r.Results, r.Err)
			continue
		}
		photo, _ := os.ReadFile(r.Path)
		if got, _ := os.ReadFile(r.Results[0]); !strings.Contains(string(got), hash(string(photo))) {
			t.Errorf("%q has the portrait of a different photo", r.Path)
		}
	}
	// Running again finds the same names.
	if _, selected, err := b.do(t); err != nil || len(selected.Kept) != len(names) {
		t.Errorf("the next run finds %d of %d, %v", len(selected.Kept), len(names), err)
	}
}
