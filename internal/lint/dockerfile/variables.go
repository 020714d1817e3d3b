package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	dockershell "github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/djok/facecraft/internal/lint/shell"
)

// variables are ARG and ENV at one step: those that the previous instruction set,
// linked to earlier ones, so nothing is copied. Those of the base image are
// unknown.
type variables struct {
	before *variables
	values map[string]variable
	stage  bool // a stage begins: of earlier variables, only ENV remains
}

type variable struct {
	value string // shell.Unknown for an ARG without a default
	isEnv bool
}

func (v *variables) lookup(name string) (variable, bool) {
	envOnly := false
	for ; v != nil; v = v.before {
		if found, ok := v.values[name]; ok && (found.isEnv || !envOnly) {
			return found, true
		}
		envOnly = envOnly || v.stage
	}
	return variable{}, false
}

// get returns a variable's value and whether it is known.
func (v *variables) get(name string) (string, bool) {
	found, ok := v.lookup(name)
	return found.value, ok && !strings.Contains(found.value, shell.Unknown)
}

// arg returns the variables after an ARG. An argument without a value inherits
// the global one's. ENV takes precedence.
func (v *variables) arg(command *instructions.ArgCommand, global *variables) *variables {
	after := &variables{before: v, values: map[string]variable{}}
	for _, arg := range command.Args {
		value := shell.Unknown
		if arg.Value != nil {
			value = after.expand(*arg.Value)
		} else if inherited, ok := global.lookup(arg.Key); ok {
			value = inherited.value
		}
		if found, _ := v.lookup(arg.Key); !found.isEnv {
			after.values[arg.Key] = variable{value: value}
		}
	}
	return after
}

// env returns the variables after an ENV.
func (v *variables) env(pairs instructions.KeyValuePairs) *variables {
	after := &variables{before: v, values: map[string]variable{}}
	for _, pair := range pairs {
		after.values[pair.Key] = variable{v.expand(pair.Value), true}
	}
	return after
}

// inherited returns the variables for a stage that is built on this one: ARG ends
// with its stage.
func (v *variables) inherited() *variables { return &variables{before: v, stage: true} }

// lexed provides variables to BuildKit's lexer. The values of those in unknown
// are not known.
type lexed struct {
	*variables
	unknown map[string]bool
}

// Get returns a variable's value.
func (l lexed) Get(name string) (string, bool) {
	if l.unknown[name] {
		return shell.Unknown, true
	}
	found, ok := l.lookup(name)
	return found.value, ok
}

// Keys returns no names: the lexer needs none.
func (l lexed) Keys() []string { return nil }

// expand replaces $NAME and ${NAME}. An unset name without a default is unknown:
// the base image may set it.
func (v *variables) expand(word string) string {
	if !strings.ContainsAny(word, "$\\'\"") {
		return word
	}
	result, err := dockershell.NewLex('\\').ProcessWordWithMatches(word, lexed{variables: v})
	if err != nil {
		return shell.Unknown
	}
	unknown := map[string]bool{}
	for name := range result.Unmatched {
		if !strings.Contains(word, "${"+name+":-") && !strings.Contains(word, "${"+name+"-") {
			unknown[name] = true
		}
	}
	if len(unknown) == 0 {
		return result.Result
	}
	if result, err = dockershell.NewLex('\\').ProcessWordWithMatches(word, lexed{v, unknown}); err != nil {
		return shell.Unknown
	}
	return result.Result
}
