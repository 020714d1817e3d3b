package batch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No input is replaced, not even with force, whichever path leads to it.
func TestInputsAreNeverReplaced(t *testing.T) {
	t.Parallel()
	const own = "the result would replace the photo itself; choose a different location with -o"
	const other = "which was given as a photo; choose a different location with -o"
	cases := []struct {
		name    string
		furnish func(dir string) (args []string, output string)
		want    string // the only problem; empty if there is none
	}{
		{"a photo named like the portrait of another", func(dir string) ([]string, string) {
			return []string{filepath.Join(dir, "a.jpg"), filepath.Join(dir, "a-facecraft.png")}, ""
		}, other},
		{"a link to the result", func(dir string) ([]string, string) {
			link := filepath.Join(dir, "link.jpg")
			must(t, os.Symlink("a-facecraft.png", link))
			return []string{filepath.Join(dir, "a.jpg"), link}, ""
		}, other},
		{"the photo itself", func(dir string) ([]string, string) {
			return []string{filepath.Join(dir, "b.png")}, filepath.Join(dir, "b.png")
		}, own},
		{"an existing file that was not given", func(dir string) ([]string, string) {
			return []string{filepath.Join(dir, "a.jpg")}, ""
		}, ""},
	}
	for _, tt := range cases {
		dir := t.TempDir()
		for _, name := range []string{"a.jpg", "a-facecraft.png", "b.png"} {
			writeFile(t, filepath.Join(dir, name), jpegOf(name))
		}
		args, output := tt.furnish(dir)
		var finder Finder
		found, _, err := finder.Find(args)
		must(t, err)
		planner := Planner{Output: Output{Path: output, Formats: []string{PNG}}}
		jobs, err := planner.Plan(found, finder.PassedOver...)
		must(t, err)
		selected := Selection{Recipe: recipe(), Force: true}.Select(jobs)
		var problems []string
		for _, job := range selected.Failed {
			problems = append(problems, job.Problem.Error())
		}
		if got := strings.Join(problems, "; "); !strings.HasSuffix(got, tt.want) || got != "" && tt.want == "" {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Skipped files have a reason, and portraits made by facecraft are recognised.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	photos(t, dir, 2)
	b := batchOf{dir: dir, servers: []*Server{{URL: newStub().start(t)}}}
	if _, _, err := b.do(t); err != nil {
		t.Fatal(err)
	}
	taken := filepath.Join(dir, "holiday-facecraft.jpg")
	writeFile(t, taken, jpegOf("holiday"))
	var finder Finder
	found, ignored, err := finder.Find([]string{filepath.Join(dir, "*.*g")})
	if err != nil || len(found) != 2 || ignored != 3 || len(finder.PassedOver) != 3 {
		t.Fatalf("%d found, %d ignored, %v", len(found), ignored, finder.PassedOver)
	}
	for _, photo := range finder.PassedOver {
		want := ErrEarlier
		if photo.Path == taken {
			want = ErrNamedLikeResult
		}
		if !errors.Is(photo.Problem, want) {
			t.Errorf("%s: %v", photo.Path, photo.Problem)
		}
	}
	// Portraits made by facecraft may be made again.
	planner := Planner{Output: Output{Formats: []string{PNG}}}
	jobs, err := planner.Plan(found, finder.PassedOver...)
	must(t, err)
	if selected := (Selection{Recipe: recipe(), Force: true}).Select(jobs); len(selected.Todo) != 2 {
		t.Errorf("%d to do", len(selected.Todo))
	}
}

// Links and directories are never replaced, not even with force.
func TestOnlyFilesAreReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	photos(t, dir, 1)
	result := filepath.Join(dir, "p0000-facecraft.png")
	must(t, os.Symlink(filepath.Join(dir, "nowhere"), result))
	for _, force := range []bool{false, true} {
		b := batchOf{dir: dir, servers: []*Server{{URL: newStub().start(t)}}, force: force}
		_, selected, err := b.do(t)
		must(t, err)
		if force != (len(selected.Failed) == 1) || len(selected.Todo) != 0 {
			t.Errorf("force %t: %+v", force, selected)
		}
	}
	must(t, errors.Join(os.Remove(result), os.Mkdir(result, 0o700)))
	b := batchOf{dir: dir, servers: []*Server{{URL: newStub().start(t)}}}
	if _, selected, err := b.do(t); err != nil || len(selected.Failed) != 1 ||
		!strings.Contains(selected.Failed[0].Problem.Error(), "is not a regular file") {
		t.Errorf("%+v, %v", selected, err)
	}
}

// Of several colliding names, the first has no number.
func TestNumbersBeginWithTheSecond(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var found []Photo
	for _, name := range []string{"x.jpg", "X.jpg", "x.JPG"} {
		writeFile(t, filepath.Join(dir, name), jpegOf(name))
		found = append(found, Photo{Path: filepath.Join(dir, name), Name: name, Rel: name})
	}
	planner := Planner{Output: Output{Formats: []string{PNG}}}
	jobs, err := planner.Plan(found)
	must(t, err)
	for i, want := range []string{"x.jpg-facecraft.png", "X.jpg-facecraft-2.png", "x.JPG-facecraft-3.png"} {
		if got := filepath.Base(jobs[i].Results[0]); got != want {
			t.Errorf("%s becomes %s, want %s", found[i].Name, got, want)
		}
	}
}
