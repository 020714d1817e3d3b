package plan

import (
	"slices"
	"strings"
)

// HostsVariable lists the host names that a server answers to. Images without
// this setting answer to any.
const HostsVariable = "FACECRAFT_ALLOWED_HOSTS"

// checksHostName reports whether a variant's servers check the Host header.
func (v Variant) checksHostName() bool {
	return slices.ContainsFunc(v.Settings, func(s Setting) bool { return s.Name == HostsVariable })
}

// EnvUnder returns the container's environment where clients reach the server
// by additional names, such as a service name.
func (c Container) EnvUnder(names ...string) []Env {
	env := slices.Clone(c.Env)
	for i, e := range env {
		if e.Name == HostsVariable {
			env[i].Value = strings.Join(append([]string{e.Value}, names...), ",")
		}
	}
	return env
}
