package plan

import "regexp"

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
