package lint

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/screen"
	"github.com/djok/facecraft/internal/lint/source"
)

// corpus are the repositories of testdata/corpus.txtar by name. The one named
// crlf has Windows line ends and a byte-order mark.
func corpus(t testing.TB) map[string]fstest.MapFS {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/corpus.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]fstest.MapFS{}
	for _, f := range archive.Files {
		name, rest, _ := strings.Cut(f.Name, "/")
		if all[name] == nil {
			all[name] = fstest.MapFS{}
		}
		if strings.Contains(name, "crlf") {
			f.Data = append([]byte("\ufeff"), bytes.ReplaceAll(f.Data, []byte("\n"), []byte("\r\n"))...)
		}
		all[name][rest] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return all
}

// TestCorpus compares what is found in all of the corpus.
func TestCorpus(t *testing.T) {
	all := corpus(t)
	if len(all) < 40 {
		t.Errorf("only %d repositories", len(all))
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s\n", name)
		if text := show(run(t, all[name])); text != "" {
			fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	golden.Compare(t, "testdata/corpus.golden", b.String())
}

// TestFixes holds --fix to its promise, on the corpus and all examples: what is
// fixed is not found again, everything else is unchanged, a second run changes
// nothing, and each Dockerfile still parses.
func TestFixes(t *testing.T) {
	repositories := corpus(t)
	checks, err := Checks()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		repositories["example "+check.ID] = files(check.Before)
	}
	fixed := map[string]bool{}
	for name, root := range repositories {
		t.Run(name, func(t *testing.T) {
			for _, id := range fixAll(t, root) {
				fixed[id] = true
			}
		})
	}
	for _, id := range []string{"torch-cuda", "chown-layer", "wheels-layer", "health-window", "fetch", "fetch-digest",
		"root", "context"} {
		if !fixed[id] {
			t.Errorf("nothing of %s was fixed", id)
		}
	}
}

// fixAll fixes a repository and returns the IDs of what was fixed.
func fixAll(t *testing.T, root fstest.MapFS) (ids []string) {
	before := run(t, root)
	for round := 0; ; round++ {
		r := run(t, root)
		changes, err := r.Changes(root)
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) == 0 {
			break
		}
		if round > 5 {
			t.Fatalf("there is no end of fixes:\n%s", changes[0].Diff())
		}
		for _, change := range changes {
			keepsAllElse(t, r, change)
			if !strings.HasPrefix(change.Diff(), "--- ") {
				t.Errorf("no diff: %q", change.Diff())
			}
			root[change.File] = &fstest.MapFile{Data: change.After}
			if repo.IsDockerfile(change.File) {
				if _, err := dockerfile.Parse(source.New(change.File, change.After)); err != nil {
					t.Errorf("%v\n%s", err, change.After)
				}
			}
		}
	}
	after := map[string]int{}
	for _, f := range run(t, root).Findings {
		if f.Status == finding.Fail {
			after[f.ID]++
		}
		if f.Fixable {
			t.Errorf("still there: %s %s", f.ID, f.Statement)
		}
	}
	found := map[string]int{}
	for _, f := range before.Findings {
		if f.Status == finding.Fail {
			found[f.ID]++
		}
		if f.Fixable {
			ids = append(ids, f.ID)
		}
	}
	for id, n := range after {
		if n > found[id] {
			t.Errorf("the fixes made %s", id)
		}
	}
	return ids
}

// keepsAllElse checks that the bytes outside the edits are unchanged.
func keepsAllElse(t *testing.T, r *Result, change Change) {
	t.Helper()
	var edits []source.Edit
	for _, fix := range r.Fixes {
		for _, edit := range fix.Edits {
			if edit.File == change.File {
				edits = append(edits, edit)
			}
		}
	}
	slices.SortFunc(edits, func(a, b source.Edit) int { return a.From - b.From })
	rest, at := change.After, 0
	for _, edit := range edits {
		same := change.Before[at:max(edit.From, at)]
		if !bytes.HasPrefix(rest, same) {
			t.Errorf("%s: a byte between the edits changed:\n%s", change.File, change.Diff())
			return
		}
		rest, at = rest[len(same):], max(edit.To, at)
		rest, _ = bytes.CutPrefix(rest, []byte(edit.New))
	}
	if !bytes.Equal(rest, change.Before[at:]) {
		t.Errorf("%s: a byte after the edits changed:\n%s", change.File, change.Diff())
	}
}

// TestCRLF keeps Windows line ends and the byte-order mark.
func TestCRLF(t *testing.T) {
	root := corpus(t)["37-crlf"]
	fixAll(t, root)
	data, err := fs.ReadFile(root, "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte("\ufeffFROM")) ||
		bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n")) || !bytes.Contains(data, []byte(cpuIndex)) {
		t.Errorf("%q", data)
	}
}

// FuzzRun lints arbitrary files.
func FuzzRun(f *testing.F) {
	data, err := os.ReadFile("testdata/corpus.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range txtar.Parse(data).Files {
		if strings.HasSuffix(file.Name, "Dockerfile") {
			f.Add(string(file.Data), "torch\n", "services:\n  a: {build: .}\n", "```sh\ndocker run djok/facecraft\n```\n")
		}
	}
	f.Fuzz(func(t *testing.T, dockerfile, requirements, compose, readme string) {
		root := fstest.MapFS{
			"Dockerfile": {Data: []byte(dockerfile)}, "requirements.txt": {Data: []byte(requirements)},
			"compose.yml": {Data: []byte(compose)},
			"README.md":   {Data: []byte(readme)}, ".gitignore": {Data: []byte(requirements)},
			".dockerignore":           {Data: []byte(requirements)},
			".github/workflows/a.yml": {Data: []byte(compose)},
		}
		r := run(t, root)
		r.Screen(40, func(_ screen.Style, text string) string { return text })
		if _, err := r.Changes(root); err != nil {
			t.Error(err)
		}
	})
}
