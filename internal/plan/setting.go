package plan

import (
	"regexp"
	"slices"
)

// Setting is an environment variable that an image supports.
type Setting struct {
	Name    string `yaml:"name"`
	About   string `yaml:"about"`
	Default string `yaml:"default"` // in the image
	Range   string `yaml:"range"`   // what is accepted
	// Pattern is a regular expression for the values in Range; empty if the
	// value alone cannot be checked.
	Pattern string `yaml:"pattern"`
	// Ignored settings are declared by the image but have no effect.
	Ignored bool `yaml:"ignored"`
}

// Accepts reports whether a value can be in the setting's range.
func (s Setting) Accepts(value string) bool {
	return s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(value)
}

// DefaultSettings are those with an effect that the container leaves at their
// default.
func (p Plan) DefaultSettings(c Container) []Setting {
	return p.settings(func(s Setting) bool {
		return !s.Ignored && !slices.ContainsFunc(c.Env, func(e Env) bool { return e.Name == s.Name }) &&
			!slices.ContainsFunc(c.Secrets, func(secret Secret) bool { return secret.Name == s.Name })
	})
}

// IgnoredSettings are those that the image declares but that have no effect.
func (p Plan) IgnoredSettings() []Setting {
	return p.settings(func(s Setting) bool { return s.Ignored })
}

func (p Plan) settings(which func(Setting) bool) (chosen []Setting) {
	for _, s := range p.Settings {
		if which(s) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// Setting describes a variable, or returns nil if the image does not support
// it.
func (p Plan) Setting(name string) *Setting {
	for _, s := range p.Settings {
		if s.Name == name {
			return &s
		}
	}
	return nil
}
