package plan

import (
	"regexp"
	"slices"
)

// Setting is a variable of an image's environment, for those who want to
// change it.
type Setting struct {
	Name    string `yaml:"name"`
	About   string `yaml:"about"`
	Default string `yaml:"default"` // the image's own
	Range   string `yaml:"range"`   // what is accepted
	// Pattern is a regular expression that all values of Range match; empty
	// where a look at the value does not tell.
	Pattern string `yaml:"pattern"`
	// Ignored settings are declared by the image and have no effect.
	Ignored bool `yaml:"ignored"`
}

// Accepts tells whether a value may be in the setting's range.
func (s Setting) Accepts(value string) bool {
	return s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(value)
}

// OtherSettings are those that act and that a container leaves at their default.
func (p Plan) OtherSettings(c Container) []Setting {
	return p.settings(func(s Setting) bool {
		return !s.Ignored && !slices.ContainsFunc(c.Env, func(e Env) bool { return e.Name == s.Name }) &&
			!slices.ContainsFunc(c.Secrets, func(secret Secret) bool { return secret.Name == s.Name })
	})
}

// IgnoredSettings are those that the image declares and that have no effect.
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

// Setting describes a variable, where the image knows it.
func (p Plan) Setting(name string) *Setting {
	for _, s := range p.Settings {
		if s.Name == name {
			return &s
		}
	}
	return nil
}
