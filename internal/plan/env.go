package plan

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/fault"
)

// Secret is an environment variable of the container whose value the plan does
// not know: it goes straight from its source to the daemon.
type Secret struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"` // an absolute path; empty means this program's environment
	// Ambient secrets are passed on because they are set, not because the user
	// named them.
	Ambient bool `json:"-"`
}

func (s Secret) source() string {
	if s.File == "" {
		return "taken from the environment"
	}
	return "taken from " + s.File
}

// InheritedSecrets returns the names of secrets taken from the environment.
func (c Container) InheritedSecrets() []string {
	var names []string
	for _, s := range c.Secrets {
		if s.File == "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// SecretFiles returns the files that secrets are read from, without duplicates.
func (c Container) SecretFiles() []string {
	var files []string
	for _, s := range c.Secrets {
		if s.File != "" && !slices.Contains(files, s.File) {
			files = append(files, s.File)
		}
	}
	return files
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// withoutEffect lists the variables that version 1.0.0 of the images declares
// but does not use (according to their source), and what to use instead.
var withoutEffect = map[string]string{
	"FACECRAFT_API_KEY": "the images read it but do not enforce it: anyone who can reach the port can use the API",
	"FACECRAFT_PORT":    "the container's port is fixed; --port sets the port on this machine",
	"FACECRAFT_HOST":    "--listen chooses the address",
	"FACECRAFT_WORKERS": "the images ignore it",
}

// chooseEnv adds the user's variables. They come last, so they win.
func (m *maker) chooseEnv() error {
	c := &m.server
	for _, e := range m.request.Env {
		c.setEnv(e)
		m.warnOfEnv(e.Name)
	}
	for _, s := range m.request.Secrets {
		c.Env = slices.DeleteFunc(c.Env, func(e Env) bool { return e.Name == s.Name })
		c.Secrets = append(c.Secrets, s)
		m.warnOfEnv(s.Name)
	}
	if m.guarded {
		return m.keepKeyOut()
	}
	return nil
}

func (c *Container) setEnv(env Env) {
	for i := range c.Env {
		if c.Env[i].Name == env.Name {
			c.Env[i] = env
			return
		}
	}
	c.Env = append(c.Env, env)
}

func (m *maker) warnOfEnv(name string) {
	if why, ok := withoutEffect[name]; ok && !(m.guarded && name == APIKeyVariable) {
		m.warn("%s has no effect: %s", name, why)
	}
}

// IsVariableName reports whether a container can have a variable with that
// name.
func IsVariableName(name string) bool { return variableName.MatchString(name) }

func (r Request) validateEnv() error {
	var names []string
	for _, e := range r.Env {
		names = append(names, e.Name)
		if !utf8.ValidString(e.Value) {
			return fault.New(fault.Usage, "convert it to UTF-8: Docker and YAML accept nothing else",
				"the value of %s is not UTF-8", e.Name)
		}
	}
	for _, s := range r.Secrets {
		names = append(names, s.Name)
	}
	for _, name := range names {
		if !IsVariableName(name) {
			return fault.New(fault.Usage, "use NAME=VALUE, or NAME alone to pass a value from your environment",
				"%q is not a valid environment variable name", name)
		}
	}
	return nil
}
