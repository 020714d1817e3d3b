// Package compose reads Compose files as written, with the positions and comments
// that Compose's own loader drops.
package compose

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/lint/source"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// File is a Compose file.
type File struct {
	*source.File
	Services []*Service
}

// Service is one of its services.
type Service struct {
	File       *File
	Name       string
	Key        *yaml.Node
	Image      *yaml.Node // or nil
	Context    string     // of its build, in the repository; "" without one
	Dockerfile string     // in the repository
	Restart    *yaml.Node // or nil
	Health     *yaml.Node // the healthcheck, or nil
	Variables  []Variable
}

// Variable is an entry in a service's environment.
type Variable struct {
	Name, Value string
	Node        *yaml.Node
}

var name = regexp.MustCompile(`(?i)^(docker-)?compose([._-].*)?\.ya?ml$`)

// Named reports whether a file has the name of a Compose file.
func Named(file string) bool { return name.MatchString(path.Base(file)) }

// Parse reads a file. It returns nil for one without services.
func Parse(f *source.File) (*File, error) {
	root, err := yamltree.Parse(f.Data)
	if err != nil {
		return nil, err
	}
	file := &File{File: f}
	for _, pair := range yamltree.Pairs(yamltree.Get(root, "services")) {
		if pair.Value.Kind == yaml.MappingNode {
			file.Services = append(file.Services, file.service(pair))
		}
	}
	if len(file.Services) == 0 {
		return nil, nil
	}
	return file, nil
}

func (f *File) service(pair yamltree.Pair) *Service {
	get := func(key string) *yaml.Node { return yamltree.Get(pair.Value, key) }
	s := &Service{
		File: f, Name: pair.Key.Value, Key: pair.Key,
		Image: get("image"), Restart: get("restart"), Health: get("healthcheck"),
	}
	s.build(get("build"))
	s.environment(get("environment"))
	return s
}

func (s *Service) build(node *yaml.Node) {
	if node == nil {
		return
	}
	dir, dockerfile := yamltree.Text(node), "Dockerfile"
	if node.Kind == yaml.MappingNode {
		dir = yamltree.Text(yamltree.Get(node, "context"))
		if named := yamltree.Text(yamltree.Get(node, "dockerfile")); named != "" {
			dockerfile = named
		}
	}
	if dir == "" {
		dir = "."
	}
	if strings.Contains(dir+dockerfile, "$") || strings.Contains(dir, "://") {
		return // only Compose can resolve it
	}
	s.Context = path.Join(path.Dir(s.File.Name), dir)
	s.Dockerfile = path.Join(s.Context, dockerfile)
}

func (s *Service) environment(node *yaml.Node) {
	for _, pair := range yamltree.Pairs(node) {
		s.Variables = append(s.Variables, Variable{pair.Key.Value, yamltree.Text(pair.Value), pair.Key})
	}
	for _, item := range yamltree.Items(node) {
		name, value, _ := strings.Cut(yamltree.Text(item), "=")
		s.Variables = append(s.Variables, Variable{name, value, item})
	}
}

// Commented reports whether a line has a comment next to it or above it.
func (f *File) Commented(line int) bool {
	if text := f.Line(line); strings.Contains(text, " #") {
		return true
	}
	return line > 1 && strings.HasPrefix(strings.TrimSpace(f.Line(line-1)), "#")
}
