// Package workflow reads GitHub workflows as YAML nodes. (actionlint's parser
// would do; it does not build with the YAML library that compose-go needs.)
package workflow

import (
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// File is a workflow.
type File struct {
	*source.File
	Jobs []*Job
}

// Job is a job of a workflow.
type Job struct {
	Name        string
	Key         *yaml.Node
	Reusable    bool // calls another workflow
	Environment bool
	Secrets     []Secret
	Steps       []*Step
}

// Secret is a use of a secret.
type Secret struct {
	Name string
	Node *yaml.Node
}

// Step is one of a job's steps.
type Step struct {
	Node     *yaml.Node
	Uses     string // the action without its version
	UsesNode *yaml.Node
	Run      *yaml.Node // or nil
	Commands []*shell.Command
	with     *yaml.Node
}

// Named reports whether a file's path is that of a workflow.
func Named(file string) bool {
	dir, ext := path.Dir(file), path.Ext(file)
	return (ext == ".yml" || ext == ".yaml") && path.Base(dir) == "workflows" && strings.HasPrefix(dir, ".")
}

// Parse reads a file. It returns nil for one without jobs.
func Parse(f *source.File) (*File, error) {
	root, err := yamltree.Parse(f.Data)
	if err != nil {
		return nil, err
	}
	file := &File{File: f}
	for _, pair := range yamltree.Pairs(yamltree.Get(root, "jobs")) {
		file.Jobs = append(file.Jobs, job(pair))
	}
	if len(file.Jobs) == 0 {
		return nil, nil
	}
	return file, nil
}

func job(pair yamltree.Pair) *Job {
	j := &Job{
		Name: pair.Key.Value, Key: pair.Key,
		Reusable:    yamltree.Get(pair.Value, "uses") != nil,
		Environment: yamltree.Get(pair.Value, "environment") != nil,
	}
	j.secrets(pair.Value, 0)
	for _, item := range yamltree.Items(yamltree.Get(pair.Value, "steps")) {
		j.Steps = append(j.Steps, step(item))
	}
	return j
}

func step(node *yaml.Node) *Step {
	s := &Step{Node: node, UsesNode: yamltree.Get(node, "uses"), Run: yamltree.Get(node, "run"),
		with: yamltree.Get(node, "with")}
	s.Uses, _, _ = strings.Cut(yamltree.Text(s.UsesNode), "@")
	if script := yamltree.Text(s.Run); script != "" {
		s.Commands, _ = shell.Parse(expressions.ReplaceAllLiteralString(script, shell.Unknown),
			shell.Options{Errexit: true, Pipefail: true})
	}
	return s
}

var expressions = regexp.MustCompile(`\$\{\{.*?\}\}`)

// With returns an input of the step's action, or nil.
func (s *Step) With(name string) *yaml.Node { return yamltree.Get(s.with, name) }

var use = regexp.MustCompile(`\bsecrets\.(\w+)`)

// maxDepth limits the depth that anchors can build.
const maxDepth = 50

func (j *Job) secrets(node *yaml.Node, depth int) {
	if node == nil || depth > maxDepth {
		return
	}
	if node.Kind == yaml.ScalarNode {
		for _, m := range use.FindAllStringSubmatch(node.Value, -1) {
			j.Secrets = append(j.Secrets, Secret{m[1], node})
		}
	}
	for _, child := range node.Content {
		j.secrets(child, depth+1)
	}
}
