package batch

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/photo"
)

func names(found []Photo) (list []string) {
	for _, p := range found {
		name := filepath.ToSlash(p.Rel)
		if p.Problem != nil {
			name = p.Name + ": " + p.Problem.Error()
		}
		list = append(list, name)
	}
	return list
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	for _, name := range []string{"a.jpg", "b.PNG", "dir/c.webp", "dir/deep/d.jpg", "dir/notes.txt",
		"dir/.hidden/e.jpg", "dir/.f.jpg",
		"dir/a-facecraft.png", "out/x.jpg", "other/c.webp", "[odd].jpg", "@x.jpg"} {
		writeFile(t, name, "x")
	}
	writeFile(t, "dir/unnamed", jpegOf("x"))
	if err := os.Symlink("..", "dir/circle"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../a.jpg", "dir/link.jpg"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, "lines", "a.jpg\n\nb.PNG\n-\n")
	writeFile(t, "nulls", "a.jpg\x00dir/c.webp")
	writeFile(t, "bom", "\ufeffa.jpg\r\nb.PNG\r\n")
	writeFile(t, "little", "\xff\xfea\x00.\x00j\x00p\x00g\x00\r\x00\n\x00\xfc\x00.\x00j\x00p\x00g\x00\r\x00\n\x00")
	writeFile(t, "big", "\xfe\xff\x00a\x00.\x00j\x00p\x00g\x00\n")
	writeFile(t, "bytes", "invalid\xff.jpg\n")
	writeFile(t, "ü.jpg", "x")
	writeFile(t, "invalid\xff.jpg", "x")
	cases := []struct {
		finder  Finder
		args    []string
		want    []string
		ignored int
	}{
		{Finder{}, []string{"a.jpg", "a.jpg", "./a.jpg", "missing.jpg"}, []string{"a.jpg", "missing.jpg: no such file"}, 0},
		{Finder{}, []string{"dir"}, []string{"dir: is a directory; use -r to process the photos in it"}, 0},
		{Finder{Recursive: true}, []string{"dir"}, []string{"c.webp", "deep/d.jpg", "link.jpg", "unnamed"}, 3},
		{
			Finder{Recursive: true},
			[]string{"dir", "other"},
			[]string{"dir/c.webp", "dir/deep/d.jpg", "dir/link.jpg", "dir/unnamed", "other/c.webp"},
			3,
		},
		{Finder{Recursive: true, Avoid: "dir/deep"}, []string{"dir"}, []string{"c.webp", "link.jpg", "unnamed"}, 3},
		{Finder{}, []string{"dir/*.webp", "*.gif"}, []string{"c.webp", "*.gif: no files match"}, 0},
		{Finder{}, []string{"dir/*-facecraft.png", "a.jpg"}, []string{"a.jpg"}, 1},
		{Finder{}, []string{"[odd].jpg", "[ab].jpg"}, []string{"[odd].jpg", "a.jpg"}, 0},
		{Finder{}, []string{"@lines"}, []string{"a.jpg", "b.PNG", "-: no such file"}, 0},
		{Finder{}, []string{"@bom"}, []string{"a.jpg", "b.PNG"}, 0},
		{Finder{}, []string{"@little"}, []string{"a.jpg", "ü.jpg"}, 0},
		{Finder{}, []string{"@big"}, []string{"a.jpg"}, 0},
		{Finder{}, []string{"@bytes"}, []string{"invalid\xff.jpg"}, 0},
		{Finder{Null: true}, []string{"@nulls"}, []string{"a.jpg", "c.webp"}, 0},
		{Finder{Stdin: strings.NewReader("b.PNG\n")}, []string{"@-"}, []string{"b.PNG"}, 0},
		{Finder{}, []string{"./@x.jpg"}, []string{"@x.jpg"}, 0},
	}
	for _, c := range cases {
		found, ignored, err := c.finder.Find(c.args)
		if got := names(found); err != nil || !slices.Equal(got, c.want) || ignored != c.ignored {
			t.Errorf("%q: %q, %d ignored, %v", c.args, got, ignored, err)
		}
	}
	finder := Finder{}
	if _, _, err := finder.Find([]string{"@nowhere"}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("missing list: %v", err)
	}
}

func TestFindStandardInput(t *testing.T) {
	finder := Finder{Stdin: strings.NewReader(jpegOf("x")), Spool: t.TempDir()}
	found, _, err := finder.Find([]string{"-"})
	if err != nil || len(found) != 1 || found[0].Name != StdinName {
		t.Fatalf("%v %v", found, err)
	}
	if data, _ := os.ReadFile(found[0].Path); string(data) != jpegOf("x") {
		t.Errorf("it holds %q", data)
	}
	endless := Finder{Stdin: zeros{}, Spool: t.TempDir()}
	found, _, err = endless.Find([]string{"-"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(found[0].Path); err != nil || info.Size() != photo.MaxBytes+1 {
		t.Errorf("endless input: saved %v, %v", info.Size(), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func plan(t *testing.T, output string, formats []string, paths ...string) []string {
	t.Helper()
	var found []Photo
	for _, path := range paths {
		found = append(found, Photo{Path: path, Name: path, Rel: filepath.Base(path)})
	}
	planner := Planner{Output: Output{Path: output, Formats: formats}}
	jobs, err := planner.Plan(found)
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, job := range jobs {
		for _, result := range job.Results {
			places = append(places, filepath.ToSlash(result))
		}
	}
	return places
}

func TestPlaces(t *testing.T) {
	t.Chdir(t.TempDir())
	png := []string{PNG}
	cases := []struct {
		output  string
		formats []string
		paths   []string
		want    []string
	}{
		{"", png, []string{"x/a.jpg"}, []string{"x/a-facecraft.png"}},
		{"", []string{PNG, JPG}, []string{"x/a.jpg"}, []string{"x/a-facecraft.png", "x/a-facecraft.jpg"}},
		{
			"",
			png,
			[]string{"x/a.jpg", "x/a.png", "y/a.jpg"},
			[]string{"x/a.jpg-facecraft.png", "x/a.png-facecraft.png", "y/a-facecraft.png"},
		},
		{"one.png", png, []string{"a.jpg"}, []string{"one.png"}},
		{
			"several.png",
			png,
			[]string{"a.jpg", "b.jpg"},
			[]string{"several.png/a-facecraft.png", "several.png/b-facecraft.png"},
		},
		{"out", png, []string{"x/a.jpg"}, []string{"out/a-facecraft.png"}},
		{"out", png, []string{"x/a.jpg", "X/A.jpg"}, []string{"out/a.jpg-facecraft.png", "out/A.jpg-facecraft-2.png"}},
		{
			"out",
			png,
			[]string{"2023/a.jpg", "2024/a.jpg"},
			[]string{"out/2023/a.jpg-facecraft.png", "out/2024/a.jpg-facecraft.png"},
		},
		{
			"out",
			png,
			[]string{"../../../a.jpg", "/etc/a.jpg"},
			[]string{"out/a.jpg-facecraft.png", "out/etc/a.jpg-facecraft.png"},
		},
		{
			"out",
			png,
			[]string{"a.jpg", "./a.jpg", "x/../a.jpg"},
			[]string{"out/a.jpg-facecraft.png", "out/a.jpg-facecraft-2.png", "out/a.jpg-facecraft-3.png"},
		},
	}
	for _, c := range cases {
		if got := plan(t, c.output, c.formats, c.paths...); !slices.Equal(got, c.want) {
			t.Errorf("%q -o %q: %q, want %q", c.paths, c.output, got, c.want)
		}
	}
}

// A forged journal cannot direct results elsewhere.
func TestPlacesDoNotTrustTheJournal(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(
		t,
		filepath.Join("out", journalName),
		`{"result":"../../evil.png","result_size":1,"photo":"../a.jpg"}`+"\n"+
			`{"result":"/etc/passwd","photo":"../a.jpg"}`+"\n",
	)
	if got := plan(t, "out", []string{PNG}, "a.jpg"); !slices.Equal(got, []string{"out/a-facecraft.png"}) {
		t.Errorf("places %q", got)
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"result":"a-facecraft.png","photo":"../a.jpg"}` + "\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, journalName), string(data))
		j, err := openJournal(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.add(entry{Result: "new", Photo: "photo"}); err != nil {
			t.Fatal(err)
		}
		again, err := openJournal(dir)
		if err != nil || again.entries["new"].Photo != "photo" {
			t.Errorf("the entry added after %q is lost, %v", bytes.TrimSpace(data), err)
		}
	})
}
