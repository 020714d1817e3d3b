package lint

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/python"
	"github.com/djok/facecraft/internal/lint/readme"
	"github.com/djok/facecraft/internal/lint/source"
	"github.com/djok/facecraft/internal/lint/tree"
	"github.com/djok/facecraft/internal/lint/workflow"
)

// repo is all of a repository that matters here.
type repo struct {
	tree      *tree.Tree
	images    []*image
	compose   []*compose.File
	workflows []*workflow.File
	readmes   []*readme.File
	unread    []unread
	sources   map[string]*source.File // what was read, by name
	python    map[string]*python.File // requirement files, by name
	targets   int
	cors      *finding.Location // of allow_origins=["*"]
	corsAsked bool
	index     []byte // of git
	indexRead bool
}

// unread is a file that is known by its name and cannot be read.
type unread struct {
	file   *source.File
	line   int
	reason string
}

func load(ctx context.Context, root fs.FS) (*repo, error) {
	t, err := tree.Walk(ctx, root)
	if err != nil {
		return nil, err
	}
	r := &repo{tree: t, sources: map[string]*source.File{}, python: map[string]*python.File{}}
	for _, name := range t.Files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.read(name)
	}
	for _, image := range r.images {
		r.place(image)
	}
	return r, nil
}

// read takes a file for what its name says, or its content.
func (r *repo) read(name string) {
	var take func(*source.File) (bool, error)
	ext := strings.ToLower(path.Ext(name))
	switch {
	case isDockerfile(name):
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
	data, err := r.tree.Read(name)
	f := source.New(name, data)
	taken := false
	if err == nil {
		taken, err = take(f)
	}
	switch {
	case err != nil && (isDockerfile(name) || compose.Named(name) || workflow.Named(name)):
		r.keep(f)
		r.unread = append(r.unread, unread{f, lineOf(err), err.Error()})
	case taken:
		r.keep(f)
	}
}

func (r *repo) keep(f *source.File) { r.sources[f.Name] = f }

// templates are extensions of files from which Dockerfiles are made, and of
// what stands beside them.
var templates = []string{".dockerignore", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".m4", ".md", ".txt", ".sh", ".py", ".go", ".bak", ".orig"}

func isDockerfile(name string) bool {
	base := strings.ToLower(path.Base(name))
	if slices.Contains(templates, path.Ext(base)) {
		return false
	}
	stem, _, _ := strings.Cut(base, ".")
	return stem == "dockerfile" || stem == "containerfile" || strings.HasPrefix(base, "dockerfile-") ||
		strings.HasSuffix(base, ".dockerfile") || strings.HasSuffix(base, ".containerfile") || strings.HasSuffix(base, "-dockerfile")
}

func (r *repo) takeDockerfile(f *source.File) (bool, error) {
	parsed, err := dockerfile.Parse(f)
	if err != nil {
		return false, err
	}
	r.images = append(r.images, &image{File: parsed, repo: r})
	r.targets++
	return true, nil
}

func (r *repo) takeWorkflow(f *source.File) (bool, error) {
	parsed, err := workflow.Parse(f)
	if parsed != nil {
		r.workflows = append(r.workflows, parsed)
		r.targets++
	}
	return parsed != nil, err
}

// takeCompose takes any YAML file that has services.
func (r *repo) takeCompose(f *source.File) (bool, error) {
	if !bytes.Contains(f.Data, []byte("services:")) {
		return false, nil
	}
	parsed, err := compose.Parse(f)
	if parsed == nil || !compose.Named(f.Name) && !slices.ContainsFunc(parsed.Services, runs) {
		return false, err
	}
	r.compose = append(r.compose, parsed)
	r.targets++
	return true, nil
}

func runs(s *compose.Service) bool { return s.Image != nil || s.Context != "" }

func (r *repo) takeReadme(f *source.File) (bool, error) {
	r.readmes = append(r.readmes, readme.Parse(f))
	r.targets++
	return true, nil
}

// requirements reads a requirement file once. Nil is none.
func (r *repo) requirements(name string) *python.File {
	name = path.Clean(name)
	if f, ok := r.python[name]; ok {
		return f
	}
	var parsed *python.File
	if data, err := r.tree.Read(name); err == nil {
		f := source.New(name, data)
		r.keep(f)
		parsed = python.ReadFile(f)
	}
	r.python[name] = parsed
	return parsed
}

// unreadable says what could not be read.
func unreadable(j *judge) {
	for _, u := range j.unread {
		j.unknown("unreadable", u.file.Whole(u.line), "the file cannot be read: %s", u.reason).whole()
	}
}

// lineNumber is how BuildKit and the YAML library say where an error is.
var lineNumber = regexp.MustCompile(`line (\d+)`)

func lineOf(err error) int {
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1
}
