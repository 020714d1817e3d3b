package plan

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/djok/facecraft/internal/fault"
)

// Secret is an environment variable of the container whose value the plan
// does not know: it goes from its source to the daemon and nowhere else.
type Secret struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"` // an absolute path; empty is this program's own environment
	// Ambient ones are passed on because they are there, and nobody asked for
	// them.
	Ambient bool `json:"-"`
}

func (s Secret) source() string {
	if s.File == "" {
		return "taken from the environment"
	}
	return "taken from " + s.File
}

// InheritedSecrets are the names of those that come from the environment.
func (c Container) InheritedSecrets() []string {
	var names []string
	for _, s := range c.Secrets {
		if s.File == "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// SecretFiles are the files that secrets come from, each once.
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

// withoutEffect are variables that version 1.0.0 of the images declares and
// does not use, as the images' source has it, and what does their work.
var withoutEffect = map[string]string{
	"FACECRAFT_API_KEY": "the images read it and never enforce it: whoever reaches the port can use the API",
	"FACECRAFT_PORT":    "the container's port is fixed; --port chooses the one of this machine",
	"FACECRAFT_HOST":    "--listen chooses the address",
	"FACECRAFT_WORKERS": "the images ignore it",
}

// chooseEnv adds what the user wants the container to know. It comes last and
// wins.
func (m *maker) chooseEnv() {
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
	if why, ok := withoutEffect[name]; ok {
		m.warn("%s has no effect: %s", name, why)
	}
}

// IsVariableName tells whether a container can have a variable of that name.
func IsVariableName(name string) bool { return variableName.MatchString(name) }

func (r Request) validateEnv() error {
	var names []string
	for _, e := range r.Env {
		names = append(names, e.Name)
		if !utf8.ValidString(e.Value) {
			return fault.New(fault.Usage, "convert it to UTF-8: Docker and YAML hold nothing else", "the value of %s is not UTF-8", e.Name)
		}
	}
	for _, s := range r.Secrets {
		names = append(names, s.Name)
	}
	for _, name := range names {
		if !IsVariableName(name) {
			return fault.New(fault.Usage, "use NAME=VALUE, or NAME alone for a value of this environment",
				"%q is not a name for an environment variable", name)
		}
	}
	return nil
}
