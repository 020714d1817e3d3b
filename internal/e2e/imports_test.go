package e2e

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/djok/facecraft/"

// layers are the upper storeys, from the top. A package imports nothing from
// its own layer or one above; packages that are not listed lie below all.
var layers = [][]string{
	{"cmd/facecraft"},
	{"internal/cli"},
	{"internal/export", "internal/imagefile", "internal/statusview", "internal/studio"},
	{"internal/launch"},
	{"internal/assay"},
	{"internal/run", "internal/trial"},
	{"internal/images"},
	{"internal/helper"},
	{"internal/containers"},
}

// owners are the only packages that may import what starts so.
var owners = map[string][]string{
	"internal/cli": {"cmd/facecraft", "internal/cli"},
	"internal/launch": {
		"internal/cli", "internal/export", "internal/imagefile", "internal/statusview", "internal/studio",
	},
	"github.com/urfave/cli":     {"internal/cli", "internal/cli/flagset"},
	"github.com/docker/docker/": speakDocker,
}

// speakDocker are the packages that may know Docker's types: the client library
// will be succeeded by another.
var speakDocker = []string{
	"internal/containers", "internal/detect", "internal/dockertest", "internal/engine", "internal/helper",
	"internal/images", "internal/run", "internal/trial",
}

// forTests are the packages that only tests may import.
var forTests = []string{"internal/dockertest", "internal/golden", "internal/plantest"}

// narrow are packages with all that they may import beside the standard
// library: the path itself, or what starts with one that ends in a slash.
var narrow = map[string][]string{
	"internal/fault":     nil,
	"internal/format":    nil,
	"internal/manual":    nil,
	"internal/matting":   nil,
	"internal/yamltext":  nil,
	"internal/plan":      {"internal/fault", "internal/format"},
	"internal/compose":   {"internal/format", "internal/plan", "internal/yamltext"},
	"internal/dockerrun": {"internal/plan"},
	"internal/kube":      {"internal/format", "internal/plan", "internal/yamltext"},
	"internal/doctor":    {"internal/fault", "internal/format", "internal/plan"},
	"internal/finding":   {"internal/fault", "go.yaml.in/yaml/v3"},

	"internal/completion": {"internal/manual"},

	"internal/lint/baseimage": {"internal/lint/shell", "github.com/distribution/reference"},
	"internal/lint/source":    {"internal/finding"},
	"internal/lint/shell":     {"mvdan.cc/sh/v3/syntax"},
	"internal/lint/yamltree":  {"internal/finding", "internal/lint/source", "go.yaml.in/yaml/v3"},
	"internal/lint/compose":   {"internal/lint/source", "internal/lint/yamltree", "go.yaml.in/yaml/v3"},
	"internal/lint/python": {
		"internal/lint/shell", "internal/lint/source", "github.com/BurntSushi/toml",
	},
	"internal/lint/readme": {"internal/lint/shell", "internal/lint/source", "github.com/yuin/goldmark/"},
	"internal/lint/dockerfile": {
		"internal/finding", "internal/lint/shell", "internal/lint/source", "github.com/moby/buildkit/",
	},
	"internal/lint/download": {
		"internal/finding", "internal/lint/", "github.com/moby/buildkit/",
	},
	"internal/lint/workflow": {
		"internal/lint/shell", "internal/lint/source", "internal/lint/yamltree", "go.yaml.in/yaml/v3",
	},

	"internal/config": {"internal/fault", "github.com/BurntSushi/toml"},
	"internal/fetch": {
		"internal/fault", "github.com/gofrs/flock", "github.com/google/go-containerregistry/", "golang.org/x/sys/windows",
	},
	"internal/loopback": {"github.com/google/go-containerregistry/"},
}

// doIO are the narrow packages that are not pure.
var doIO = []string{"internal/config", "internal/fetch", "internal/loopback"}

// ioPackages are those of the standard library that pure packages do without.
var ioPackages = []string{"io/fs", "log", "net/http", "os", "os/exec", "os/signal", "os/user", "syscall"}

// TestImportDirections holds the packages to the picture in
// docs/architecture.md, with the files of every platform.
func TestImportDirections(t *testing.T) {
	t.Parallel()
	packages := goFiles(t)
	for path, files := range packages {
		for _, file := range files {
			for _, imported := range importsOf(t, file) {
				if why := forbidden(path, imported); why != "" {
					t.Errorf("%s/%s imports %s: %s", path, filepath.Base(file), imported, why)
				}
			}
		}
	}
	for _, name := range named() {
		if _, ok := packages[name]; !ok {
			t.Errorf("a rule is about %s, which does not exist", name)
		}
	}
}

// TestLaunchNeedsNoTerminal: a page can ask for whatever the command line asks
// for. The use cases quote names as the terminal does, and know nothing else
// of it.
func TestLaunchNeedsNoTerminal(t *testing.T) {
	t.Parallel()
	packages := goFiles(t)
	var files []string
	for _, name := range []string{"internal/launch", "internal/export", "internal/imagefile"} {
		if len(packages[name]) == 0 {
			t.Fatal("no files of " + name)
		}
		files = append(files, packages[name]...)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			use, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := use.X.(*ast.Ident); ok && pkg.Name == "term" && use.Sel.Name != "Name" {
				t.Errorf("%s uses term.%s", file, use.Sel.Name)
			}
			return true
		})
	}
}

// goFiles are the files of each package of the module, for all platforms,
// without tests. They are read here and not by another program, so that go test
// knows when to run again.
func goFiles(t *testing.T) map[string][]string {
	t.Helper()
	const root = "../.."
	packages := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") {
			dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), root+"/")
			packages[dir] = append(packages[dir], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func importsOf(t *testing.T, file string) (paths []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, strings.TrimPrefix(path, module))
	}
	return paths
}

// named are the packages that rules are about.
func named() (names []string) {
	names = append(slices.Concat(layers...), slices.Concat(speakDocker, forTests, doIO)...)
	for name := range narrow {
		names = append(names, name)
	}
	return names
}

// forbidden is why a package may not import another, or "".
func forbidden(from, imported string) string {
	if slices.Contains(forTests, imported) {
		return "it is for tests"
	}
	for what, by := range owners {
		if strings.HasPrefix(imported, what) && !slices.Contains(by, from) {
			return "only " + strings.Join(by, ", ") + " may"
		}
	}
	if !slices.Contains(forTests, from) && layer(imported) < len(layers) && layer(imported) <= layer(from) {
		return "it is not in a layer below"
	}
	if allowed, ok := narrow[from]; ok && !standard(imported) && !listed(allowed, imported) {
		return "it may import only the standard library and " + strings.Join(allowed, ", ")
	}
	if _, ok := narrow[from]; ok && !slices.Contains(doIO, from) && slices.Contains(ioPackages, imported) {
		return "it is pure"
	}
	if from == "internal/plan" && slices.Contains([]string{"time", "context"}, imported) {
		return "a plan depends on nothing but its facts"
	}
	return ""
}

// layer is the index of a package's layer, counted from the top.
func layer(path string) int {
	for i, layer := range layers {
		if slices.Contains(layer, path) {
			return i
		}
	}
	return len(layers)
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "internal" && first != "cmd" && !strings.Contains(first, ".")
}

func listed(allowed []string, path string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return path == a || strings.HasSuffix(a, "/") && strings.HasPrefix(path, a)
	})
}
