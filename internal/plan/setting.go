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
	// Ignored settings are declared by the image and have no effect.
	Ignored bool `yaml:"ignored"`
}

var secretName = regexp.MustCompile(`(?i)(^|_)(key|token|secret|password|passwd|credentials?)$`)

// Secret tells whether a variable's name says that its value is nobody else's
// business. Such a value is never written into a file or a command line.
func (e Env) Secret() bool { return secretName.MatchString(e.Name) }

// OtherSettings are those that act and that the plan leaves at their default.
func (p Plan) OtherSettings() []Setting {
	return p.settings(func(s Setting) bool {
		return !s.Ignored && !slices.ContainsFunc(p.Env, func(e Env) bool { return e.Name == s.Name })
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
