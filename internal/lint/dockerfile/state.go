package dockerfile

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/djok/facecraft/internal/lint/shell"
)

// shellState is the shell that SHELL sets.
type shellState struct {
	name              string // sh, bash, ...; "" for an unsupported shell
	pipefail, errexit bool
}

// state is a stage's state between two instructions.
type state struct {
	stage     *Stage
	variables *variables
	workdir   string
	user      string
	shell     shellState
}

func newState(stage *Stage) *state {
	s := &state{stage: stage, workdir: "/", shell: shellState{name: "sh"}}
	if base := strings.ToLower(stage.Base); strings.Contains(base, "windows") || strings.Contains(base, "nanoserver") {
		s.shell.name = ""
	}
	if parent := stage.Parent; parent != nil {
		end := parent.end
		s.variables = end.variables.inherited()
		s.workdir, s.user, s.shell = end.workdir, end.user, end.shell
	}
	stage.end = s
	return s
}

func (s *state) add(command instructions.Command) error {
	ranges := command.Location()
	step := &Step{
		Stage: s.stage, Command: command, Workdir: s.workdir, User: s.user,
		shell: s.shell, variables: s.variables,
	}
	if len(ranges) > 0 {
		step.Line, step.EndLine = ranges[0].Start.Line, ranges[len(ranges)-1].End.Line
	}
	if onbuild, ok := command.(*instructions.OnbuildCommand); ok {
		inner, err := parseOnbuild(onbuild.Expression)
		if err != nil {
			return err
		}
		step.Command, step.Onbuild = inner, true
	}
	step.readScript()
	s.stage.Steps = append(s.stage.Steps, step)
	if !step.Onbuild {
		s.apply(step.Command)
	}
	return nil
}

func parseOnbuild(expression string) (instructions.Command, error) {
	ast, err := parser.Parse(strings.NewReader(expression))
	if err != nil {
		return nil, err
	}
	parsed, err := instructions.ParseInstructionWithLinter(ast.AST.Children[0], linter.New(&linter.Config{}))
	if err != nil {
		return nil, err
	}
	command, ok := parsed.(instructions.Command)
	if !ok {
		return nil, errOnbuild
	}
	return command, nil
}

func (s *state) apply(command instructions.Command) {
	switch c := command.(type) {
	case *instructions.ArgCommand:
		s.variables = s.variables.arg(c, s.stage.File.global)
	case *instructions.EnvCommand:
		s.variables = s.variables.env(c.Env)
	case *instructions.WorkdirCommand:
		s.workdir = resolve(s.workdir, s.variables.expand(c.Path))
	case *instructions.UserCommand:
		s.user = s.variables.expand(c.User)
	case *instructions.ShellCommand:
		s.shell = shellOf(c.Shell)
	}
}

// resolve resolves a path against a directory, as the builder does.
func resolve(dir, name string) string {
	if path.IsAbs(name) || strings.HasPrefix(name, shell.Unknown) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

func shellOf(words []string) shellState {
	var s shellState
	if len(words) == 0 {
		return s
	}
	switch name := path.Base(words[0]); name {
	case "sh", "bash", "dash", "ash", "zsh":
		s.name = name
	}
	for _, word := range words[1:] {
		switch {
		case word == "pipefail":
			s.pipefail = true
		case word == "errexit":
			s.errexit = true
		case strings.HasPrefix(word, "-") && strings.Contains(word, "e"):
			s.errexit = true
		}
	}
	return s
}

// Path returns a word as an absolute path at this step.
func (s *Step) Path(word string) string { return resolve(s.Workdir, word) }

// Shell returns the shell of the step's script, or "" for an unsupported one.
func (s *Step) Shell() string { return s.shell.name }
