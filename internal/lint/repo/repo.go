// Package repo reads a repository for the rules of lint: its Dockerfiles with
// their build contexts, and what they copy and install.
package repo

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/readme"
	"github.com/djok/facecraft/internal/lint/source"
	"github.com/djok/facecraft/internal/lint/tree"
	"github.com/djok/facecraft/internal/lint/workflow"
)

// Repo is what the rules need of a repository.
type Repo struct {
	Tree      *tree.Tree
	Images    []*Image
	Compose   []*compose.File
	Workflows []*workflow.File
	Readmes   []*readme.File
	Unread    []unread
	Sources   map[string]*source.File // the files read, by name
	python    map[string]*python.File // requirement files, by name
	Targets   int
}

// unread is a file whose kind is known from its name, but that cannot be read.
type unread struct {
	File   *source.File
	Line   int
	Reason string
}

// Load reads a repository. Files that cannot be read are in Unread.
func Load(ctx context.Context, root fs.FS) (*Repo, error) {
	t, err := tree.Walk(ctx, root)
	if err != nil {
		return nil, err
	}
	r := &Repo{Tree: t, Sources: map[string]*source.File{}, python: map[string]*python.File{}}
	for _, name := range t.Files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.read(name)
	}
	for _, image := range r.Images {
		r.place(image)
	}
	return r, nil
}

// read reads a file according to its name or its content.
func (r *Repo) read(name string) {
	var take func(*source.File) (bool, error)
	ext := strings.ToLower(path.Ext(name))
	switch {
	case IsDockerfile(name):
		take = r.takeDockerfile
	case workflow.Named(name):
		take = r.takeWorkflow
	case ext == ".yml" || ext == ".yaml":
		take = r.takeCompose
	case readme.Named(name):
		take = r.takeReadme
	default:
		return
	}
	data, err := r.Tree.Read(name)
	f := source.New(name, data)
	taken := false
	if err == nil {
		taken, err = take(f)
	}
	switch {
	case err != nil && (IsDockerfile(name) || compose.Named(name) || workflow.Named(name)):
		r.Keep(f)
		r.Unread = append(r.Unread, unread{f, lineOf(err), err.Error()})
	case taken:
		r.Keep(f)
	}
}

// Source reads a file that findings refer to.
func (r *Repo) Source(name string) (*source.File, error) {
	data, err := r.Tree.Read(name)
	if err != nil {
		return nil, err
	}
	f := source.New(name, data)
	r.Keep(f)
	return f, nil
}

// Keep remembers a file whose lines findings refer to.
func (r *Repo) Keep(f *source.File) { r.Sources[f.Name] = f }

// templates are extensions of files from which Dockerfiles are generated, and of
// other files named after Dockerfiles.
var templates = []string{".dockerignore", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in",
	".m4", ".md", ".txt", ".sh", ".py", ".go", ".bak", ".orig"}

// IsDockerfile reports whether a file has the name of a Dockerfile.
func IsDockerfile(name string) bool {
	base := strings.ToLower(path.Base(name))
	if slices.Contains(templates, path.Ext(base)) {
		return false
	}
	stem, _, _ := strings.Cut(base, ".")
	return stem == "dockerfile" || stem == "containerfile" || strings.HasPrefix(base, "dockerfile-") ||
		strings.HasSuffix(base, ".dockerfile") || strings.HasSuffix(base, ".containerfile") ||
		strings.HasSuffix(base, "-dockerfile")
}

func (r *Repo) takeDockerfile(f *source.File) (bool, error) {
	parsed, err := dockerfile.Parse(f)
	if err != nil {
		return false, err
	}
	r.Images = append(r.Images, &Image{File: parsed, Repo: r})
	r.Targets++
	return true, nil
}

func (r *Repo) takeWorkflow(f *source.File) (bool, error) {
	parsed, err := workflow.Parse(f)
	if parsed != nil {
		r.Workflows = append(r.Workflows, parsed)
		r.Targets++
	}
	return parsed != nil, err
}

// takeCompose accepts any YAML file that has services.
func (r *Repo) takeCompose(f *source.File) (bool, error) {
	if !bytes.Contains(f.Data, []byte("services:")) {
		return false, nil
	}
	parsed, err := compose.Parse(f)
	if parsed == nil || !compose.Named(f.Name) && !slices.ContainsFunc(parsed.Services, runs) {
		return false, err
	}
	r.Compose = append(r.Compose, parsed)
	r.Targets++
	return true, nil
}

func runs(s *compose.Service) bool { return s.Image != nil || s.Context != "" }

func (r *Repo) takeReadme(f *source.File) (bool, error) {
	r.Readmes = append(r.Readmes, readme.Parse(f))
	r.Targets++
	return true, nil
}

// requirements reads a requirement file once. It returns nil if there is none.
func (r *Repo) requirements(name string) *python.File {
	name = path.Clean(name)
	if f, ok := r.python[name]; ok {
		return f
	}
	var parsed *python.File
	if f, err := r.Source(name); err == nil {
		parsed = python.ReadFile(f)
	}
	r.python[name] = parsed
	return parsed
}

// lineNumber matches the position in an error from BuildKit or the YAML library.
var lineNumber = regexp.MustCompile(`line (\d+)`)

func lineOf(err error) int {
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1
}
