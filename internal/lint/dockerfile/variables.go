package dockerfile

import (
	"maps"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	dockershell "github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/djok/facecraft/internal/lint/shell"
)

// variables are ARG and ENV at one step. Those of the base image are not known.
type variables struct {
	values map[string]string // shell.Unknown for an ARG without a default
	isEnv  map[string]bool
}

func newVariables(from *variables) *variables {
	if from == nil {
		return &variables{values: map[string]string{}, isEnv: map[string]bool{}}
	}
	return &variables{values: maps.Clone(from.values), isEnv: maps.Clone(from.isEnv)}
}

// get is a variable's value and whether it is known.
func (v *variables) get(name string) (string, bool) {
	value, ok := v.values[name]
	return value, ok && !strings.Contains(value, shell.Unknown)
}

// arg declares build arguments; one without a value inherits that of the
// global one.
func (v *variables) arg(command *instructions.ArgCommand, global *variables) {
	for _, arg := range command.Args {
		value := shell.Unknown
		if arg.Value != nil {
			value = v.expand(*arg.Value)
		} else if global != nil {
			if inherited, ok := global.values[arg.Key]; ok {
				value = inherited
			}
		}
		if !v.isEnv[arg.Key] { // ENV wins
			v.values[arg.Key] = value
		}
	}
}

func (v *variables) env(pairs instructions.KeyValuePairs) {
	expanded := map[string]string{}
	for _, pair := range pairs {
		expanded[pair.Key] = v.expand(pair.Value)
	}
	for key, value := range expanded {
		v.values[key], v.isEnv[key] = value, true
	}
}

// Get and Keys make variables what BuildKit's lexer asks.
func (v *variables) Get(name string) (string, bool) {
	value, ok := v.values[name]
	return value, ok
}

// Keys are the names.
func (v *variables) Keys() []string {
	var names []string
	for name := range v.values {
		names = append(names, name)
	}
	return names
}

// expand replaces $NAME and ${NAME}. A name that nobody set and that has no
// default in place is not known: the base image may set it.
func (v *variables) expand(word string) string {
	if !strings.ContainsAny(word, "$\\'\"") {
		return word
	}
	result, err := dockershell.NewLex('\\').ProcessWordWithMatches(word, v)
	if err != nil {
		return shell.Unknown
	}
	unknown := false
	for name := range result.Unmatched {
		if !strings.Contains(word, "${"+name+":-") && !strings.Contains(word, "${"+name+"-") {
			v.values[name] = shell.Unknown
			defer delete(v.values, name)
			unknown = true
		}
	}
	if !unknown {
		return result.Result
	}
	if result, err = dockershell.NewLex('\\').ProcessWordWithMatches(word, v); err != nil {
		return shell.Unknown
	}
	return result.Result
}
