package plan

import (
	"slices"
	"strings"
)

// HostsVariable lists the names that a server answers to. Images that have no
// such setting answer to any.
const HostsVariable = "FACECRAFT_ALLOWED_HOSTS"

// answersToNames tells whether a variant's servers look at the name they are called
// by.
func (v Variant) answersToNames() bool {
	return slices.ContainsFunc(v.Settings, func(s Setting) bool { return s.Name == HostsVariable })
}

// EnvUnder is the container's environment in a place where clients call the
// server by further names, as those of a service.
func (c Container) EnvUnder(names ...string) []Env {
	env := slices.Clone(c.Env)
	for i, e := range env {
		if e.Name == HostsVariable {
			env[i].Value = strings.Join(append([]string{e.Value}, names...), ",")
		}
	}
	return env
}
