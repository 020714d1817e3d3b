package lint

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/djok/facecraft/internal/finding"
)

// plainName is an ignore pattern that is one directory's name, anywhere.
var plainName = regexp.MustCompile(`^(?:\*\*/)?([A-Za-z_]\w*)/?$`)

// hiddenImportRule finds patterns of .gitignore that hide packages which the
// sources import: hidden-import.
func hiddenImportRule(j *judge) {
	hides := map[string]int{} // patterns by the name that they hide
	for n, p := range j.Tree.Patterns {
		if m := plainName.FindStringSubmatch(p.Text); m != nil {
			hides[m[1]] = n
		}
	}
	if len(hides) == 0 {
		return
	}
	seen := map[int]bool{}
	for _, name := range j.Tree.Files {
		if path.Ext(name) != ".py" {
			continue
		}
		data, err := j.Tree.Read(name)
		if err != nil {
			continue
		}
		for n, line := range strings.Split(string(data), "\n") {
			j.hidden(hides, seen, name, n+1, line)
		}
	}
}

var imports = regexp.MustCompile(`^\s*(?:from\s+(\.*)([\w.]*)\s+import\s+(\w+)|import\s+([\w.]+))`)

// hidden judges one line of Python.
func (j *judge) hidden(hides map[string]int, seen map[int]bool, file string, line int, text string) {
	m := imports.FindStringSubmatch(text)
	if m == nil {
		return
	}
	module := m[2] + m[4]
	if m[3] != "" {
		module = strings.TrimPrefix(module+"."+m[3], ".")
	}
	parts := strings.Split(module, ".")
	for n, part := range parts {
		at, ok := hides[part]
		if !ok || seen[at] {
			continue
		}
		dir, ok := j.packageDir(file, len(m[1]), parts[:n+1])
		if !ok || j.tracked(dir) {
			continue
		}
		if p := j.Tree.Ignored(dir, true); p == nil || p != &j.Tree.Patterns[at] {
			continue
		}
		seen[at] = true
		pattern := j.Tree.Patterns[at]
		_, _ = j.Source(pattern.File) // it was readable for its patterns
		j.fail("hidden-import", finding.Location{File: pattern.File, Line: pattern.Line},
			"%s hides %s, which the sources import", pattern.Text, dir).
			evidence("%s:%d: %s", file, line, strings.TrimSpace(text))
	}
}

// packageDir returns the directory that an import names if it is missing: relative
// to the importing file, or below one of its parent directories that has the first
// part of the name.
func (j *judge) packageDir(file string, dots int, parts []string) (string, bool) {
	dir := path.Dir(file)
	if dots > 0 {
		for range dots - 1 {
			dir = path.Dir(dir)
		}
		return j.missing(dir, parts)
	}
	if len(parts) < 2 {
		return "", false // a top-level package may come from PyPI
	}
	for ; ; dir = path.Dir(dir) {
		for _, root := range []string{dir, path.Join(dir, "src")} {
			if j.Tree.Has(path.Join(root, parts[0])) {
				return j.missing(root, parts)
			}
		}
		if dir == "." {
			return "", false
		}
	}
}

// missing returns a package's directory below root, if there is neither such a
// directory nor a module in place of it or of one of its parents.
func (j *judge) missing(root string, parts []string) (string, bool) {
	for n := range parts {
		if j.Tree.Has(path.Join(root, path.Join(parts[:n+1]...)) + ".py") {
			return "", false
		}
	}
	dir := path.Join(root, path.Join(parts...))
	return dir, !j.Tree.Has(dir)
}

// tracked reports whether git tracks files in a directory although it is ignored.
func (j *judge) tracked(dir string) bool {
	return bytes.Contains(j.index(), []byte(dir+"/"))
}
