// Package dockerfile reads Dockerfiles with BuildKit's own parser, and adds
// what its tree lacks: where each word stands in the file, what variables are
// worth at each step, and the commands of each script.
package dockerfile

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/source"
)

// File is a Dockerfile.
type File struct {
	*source.File
	Stages   []*Stage
	Comments []Comment
	escape   byte
	global   *variables // ARG before the first FROM
}

// Comment is a line of its own that begins with #.
type Comment struct {
	Line int
	Text string
}

// Stage is what a FROM begins.
type Stage struct {
	File     *File
	Index    int
	Name     string // lower case, or ""
	Base     string // the image, expanded; with shell.Unknown where it is not known
	Parent   *Stage // the stage that it is built on, instead of an image
	Platform string
	Line     int
	Steps    []*Step
	end      *state // after its last instruction
}

// Step is one instruction with the state before it.
type Step struct {
	Stage         *Stage
	Command       instructions.Command
	Line, EndLine int
	Onbuild       bool // runs in builds on top of this image
	Workdir       string
	User          string // of the last USER before it, or ""
	Script        *Script
	shell         shellState
	variables     *variables
}

// Parse reads a Dockerfile. An error says what BuildKit would say.
func Parse(f *source.File) (file *File, err error) {
	ast, err := parser.Parse(bytes.NewReader(f.Data))
	if err != nil {
		return nil, err
	}
	// Without a linter, instructions.Parse panics on a file with "# check=".
	stages, args, err := instructions.Parse(ast.AST, linter.New(&linter.Config{}))
	if err != nil {
		return nil, err
	}
	file = &File{File: f, escape: byte(ast.EscapeToken)}
	for _, arg := range args {
		file.global = file.global.arg(&arg, nil)
	}
	for i := range stages {
		if err := file.add(&stages[i]); err != nil {
			return nil, err
		}
	}
	if len(file.Stages) == 0 {
		return nil, fmt.Errorf("there is no FROM")
	}
	file.comments(ast.AST)
	return file, nil
}

func (f *File) add(parsed *instructions.Stage) error {
	if len(parsed.Location) == 0 {
		return fmt.Errorf("a stage without FROM")
	}
	stage := &Stage{
		File: f, Index: len(f.Stages), Name: strings.ToLower(parsed.Name), Line: parsed.Location[0].Start.Line,
		Base: f.global.expand(parsed.BaseName), Platform: f.global.expand(parsed.Platform),
	}
	stage.Parent = f.Stage(stage.Base)
	f.Stages = append(f.Stages, stage)
	state := newState(stage)
	for _, command := range parsed.Commands {
		if err := state.add(command); err != nil {
			return err
		}
	}
	return nil
}

// Stage is an earlier stage by its name or number, or nil.
func (f *File) Stage(name string) *Stage {
	for _, s := range f.Stages {
		if s.Name != "" && s.Name == strings.ToLower(name) {
			return s
		}
	}
	return nil
}

// From is the stage that COPY --from or a mount names, or nil for an image.
func (f *File) From(name string) *Stage {
	if s := f.Stage(name); s != nil {
		return s
	}
	for _, s := range f.Stages {
		if fmt.Sprint(s.Index) == name {
			return s
		}
	}
	return nil
}

// Final is the stage that a build without --target makes.
func (f *File) Final() *Stage { return f.Stages[len(f.Stages)-1] }

// Lineage is a stage and the stages that it is built on, the oldest first.
func (s *Stage) Lineage() []*Stage {
	if s.Parent == nil {
		return []*Stage{s}
	}
	return append(s.Parent.Lineage(), s)
}

// Chain is all that happens on the way to the end of a stage, in order. What
// an ancestor has for ONBUILD happens in its heir.
func (s *Stage) Chain() []*Step {
	var steps, onbuild []*Step
	for _, stage := range s.Lineage() {
		steps = append(steps, onbuild...)
		onbuild = nil
		for _, step := range stage.Steps {
			if step.Onbuild {
				onbuild = append(onbuild, step)
				continue
			}
			steps = append(steps, step)
		}
	}
	return steps
}

// Root is the image at the bottom of a stage.
func (s *Stage) Root() string { return s.Lineage()[0].Base }

// Relevant are the stages that the final image is made of: its lineage, and
// those from which something is copied or mounted, with theirs.
func (f *File) Relevant() []*Stage {
	seen := map[*Stage]bool{}
	var visit func(*Stage)
	visit = func(s *Stage) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		visit(s.Parent)
		for _, step := range s.Steps {
			for _, name := range step.sources() {
				if from := f.From(name); from != nil && from.Index < s.Index {
					visit(from)
				}
			}
		}
	}
	visit(f.Final())
	var list []*Stage
	for _, s := range f.Stages {
		if seen[s] {
			list = append(list, s)
		}
	}
	return list
}

// sources are the stages or images that a step takes files from.
func (s *Step) sources() []string {
	switch c := s.Command.(type) {
	case *instructions.CopyCommand:
		return []string{c.From}
	case *instructions.RunCommand:
		var list []string
		for _, mount := range instructions.GetMounts(c) {
			list = append(list, mount.From)
		}
		return list
	}
	return nil
}

// Location is where a step begins: its first line.
func (s *Step) Location() finding.Location { return s.Stage.File.Whole(s.Line) }

// Location is where the stage's FROM stands.
func (s *Stage) Location() finding.Location { return s.File.Whole(s.Line) }

// Expand replaces the variables of a word as the builder does. What is not
// known becomes shell.Unknown.
func (s *Step) Expand(word string) string { return s.variables.expand(word) }

// Getenv is a variable's value at this step.
func (s *Step) Getenv(name string) (string, bool) { return s.variables.get(name) }

// comments collects the comments outside of here-documents.
func (f *File) comments(ast *parser.Node) {
	inside := map[int]bool{}
	for _, node := range ast.Children {
		if len(node.Heredocs) == 0 {
			continue
		}
		_, end := f.logical(node.StartLine)
		for line := end + 1; line <= node.EndLine; line++ {
			inside[line] = true
		}
	}
	for line := 1; line <= f.Lines(); line++ {
		text := strings.TrimSpace(f.Line(line))
		if strings.HasPrefix(text, "#") && !inside[line] {
			f.Comments = append(f.Comments, Comment{line, strings.TrimLeft(text, "#")})
		}
	}
}
