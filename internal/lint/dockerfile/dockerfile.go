// Package dockerfile reads Dockerfiles with BuildKit's own parser, and adds
// what its tree lacks: where each word is in the file, the values of variables at
// each step, and the commands of each script.
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

// Comment is a separate line that begins with #.
type Comment struct {
	Line int
	Text string
}

// Stage is a stage of the build, which begins with FROM.
type Stage struct {
	File     *File
	Index    int
	Name     string // lower case, or ""
	Base     string // the image, expanded; with shell.Unknown for unknown parts
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
	Onbuild       bool // runs in builds based on this image
	Workdir       string
	User          string // of the last USER before it, or ""
	Script        *Script
	shell         shellState
	variables     *variables
}

// Parse reads a Dockerfile. Its errors are BuildKit's.
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

// Stage returns an earlier stage by its name, or nil.
func (f *File) Stage(name string) *Stage {
	for _, s := range f.Stages {
		if s.Name != "" && s.Name == strings.ToLower(name) {
			return s
		}
	}
	return nil
}

// From returns the stage that COPY --from or a mount names, or nil for an image.
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

// Final returns the stage that is built without --target.
func (f *File) Final() *Stage { return f.Stages[len(f.Stages)-1] }

// Lineage returns a stage and the stages that it is built on, the oldest first.
func (s *Stage) Lineage() []*Stage {
	if s.Parent == nil {
		return []*Stage{s}
	}
	return append(s.Parent.Lineage(), s)
}

// Chain returns all steps that lead to the end of a stage, in order. The ONBUILD
// steps of a stage run in the stage that is built on it.
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

// Root returns the image at the bottom of a stage.
func (s *Stage) Root() string { return s.Lineage()[0].Base }

// Relevant returns the stages that the final image is made of: its lineage, and
// those that files are copied or mounted from, with theirs.
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

// sources returns the stages or images that a step takes files from.
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

// Location returns the place of the first line of a step.
func (s *Step) Location() finding.Location { return s.Stage.File.Whole(s.Line) }

// Location returns the place of the stage's FROM.
func (s *Stage) Location() finding.Location { return s.File.Whole(s.Line) }

// Expand replaces the variables of a word as the builder does. Unknown values
// become shell.Unknown.
func (s *Step) Expand(word string) string { return s.variables.expand(word) }

// Getenv returns a variable's value at this step, and whether it is known.
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
