package tree

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"
)

func files(names map[string]string) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, text := range names {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestWalk(t *testing.T) {
	tree, err := Walk(context.Background(), files(map[string]string{
		".git/HEAD": "", ".git/info/exclude": "private\n", "private": "",
		".gitignore": "# no\r\nmodels/\r\n*.log\r\n!keep.log\r\n/only\r\n", "models/a.py": "", "src/models/b.py": "",
		"a.log": "", "keep.log": "",
		"only": "", "src/only": "", "src/.gitignore": "local\n", "src/local": "", "local": "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{".gitignore", "keep.log", "local", "src/.gitignore", "src/only"}; !slices.Equal(tree.Files, want) {
		t.Errorf("%q, want %q", tree.Files, want)
	}
	if p := tree.Ignored("src/models", true); p == nil || p.File != ".gitignore" || p.Line != 2 {
		t.Errorf("%+v", p)
	}
	if !tree.Has("src") || tree.Has("models") || !tree.OnDisk("models/a.py") {
		t.Error("Has and OnDisk")
	}
}

func TestContext(t *testing.T) {
	tree, err := Walk(context.Background(), files(map[string]string{
		".dockerignore": ".env\n**/*.pth\n!keep.pth\n", "b/Dockerfile": "", "b/Dockerfile.dockerignore": "*\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	c, err := tree.Context(".", "Dockerfile")
	if err != nil || !c.Exists {
		t.Fatal(c, err)
	}
	for name, want := range map[string]bool{".env": true, "sub/.env": false, "a/b.pth": true, "keep.pth": false} {
		if c.Excludes(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if c, err := tree.Context(".", "b/Dockerfile"); err != nil || c.IgnoreFile != "b/Dockerfile.dockerignore" ||
		!c.Excludes("x") {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzIgnoreFiles(f *testing.F) {
	f.Add("**/a\n!b/\n/c\n[\n\\", "a/b")
	f.Fuzz(func(t *testing.T, text, name string) {
		tree, err := Walk(context.Background(),
			files(map[string]string{".gitignore": text, ".dockerignore": text, "a/b": ""}))
		if err != nil {
			t.Fatal(err)
		}
		tree.Ignored(name, true)
		if c, err := tree.Context(".", "Dockerfile"); err == nil {
			c.Excludes(name)
		}
	})
}
