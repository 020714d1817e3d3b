// Package envvars puts variables of the environment and of files into the request
// for a container.
package envvars

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// settings are the variables of the images that are not secrets: what is said of
// them may name their values.
var settings = []string{
	"FACECRAFT_DEVICE", "FACECRAFT_MODELS_DIR", "FACECRAFT_PREDICTOR_PATH", "FACECRAFT_CODEFORMER_PATH",
	"FACECRAFT_UPLOAD_DIR", "FACECRAFT_OUTPUT_DIR", "FACECRAFT_CLEANUP_AGE_HOURS", "FACECRAFT_CORS_ORIGINS",
	"FACECRAFT_ALLOWED_HOSTS",
}

// passedOn are the variables of the images that are passed on from this
// program's environment, as their documentation has them. Others need --env.
var passedOn = slices.Concat(settings, []string{"FACECRAFT_API_KEY"})

// Reader puts the container's variables into a request. The values of secrets
// are kept apart from it, because it is printed and stored.
type Reader struct {
	Request *plan.Request
	Getenv  func(string) string
	// Hide takes a value that nothing that is said may hold.
	Hide func(value string)
	// Secrets are the values, by name.
	Secrets map[string]string
}

// PassOn takes the variables of the images that this program's environment has.
func (v *Reader) PassOn() {
	for _, name := range passedOn {
		if value := v.Getenv(name); value != "" {
			v.addSecret(plan.Secret{Name: name, Ambient: true}, value)
		}
	}
}

// Add takes NAME=VALUE or NAME. What comes from a file is a secret.
func (v *Reader) Add(word, file string) error {
	name, value, given := strings.Cut(word, "=")
	switch {
	case given && file == "":
		delete(v.Secrets, name)
		v.Request.Secrets = withoutSecret(v.Request.Secrets, name)
		v.Request.Env = append(v.Request.Env, plan.Env{Name: name, Value: value})
		return nil
	case strings.Contains(value, "\x00"):
		return fault.New(fault.Usage, "remove it: environment variables cannot contain it",
			"the value of %s in %s contains a NUL byte", name, file)
	case given:
		v.addSecret(plan.Secret{Name: name, File: file}, value)
		return nil
	}
	if value = v.Getenv(name); value == "" {
		return fault.New(fault.Usage, "export it, or use --env "+name+"=VALUE",
			"the environment variable %q is empty or not set", name)
	}
	v.addSecret(plan.Secret{Name: name}, value)
	return nil
}

// addSecret lets a later source of a variable win.
func (v *Reader) addSecret(s plan.Secret, value string) {
	if !slices.Contains(settings, s.Name) {
		v.Hide(value)
	}
	v.Request.Secrets = append(withoutSecret(v.Request.Secrets, s.Name), s)
	v.Secrets[s.Name] = value
}

func withoutSecret(secrets []plan.Secret, name string) []plan.Secret {
	var others []plan.Secret
	for _, s := range secrets {
		if s.Name != name {
			others = append(others, s)
		}
	}
	return others
}

// ReadFile reads a file as docker run --env-file does: values are taken as
// they are. But a name alone is refused, since it is mostly the second line of
// a value. An error never quotes a line.
func (v *Reader) ReadFile(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "check its name", "cannot read the env file")
	}
	defer file.Close()
	// Windows marks texts as UTF-8 or UTF-16; other bytes are taken as they are.
	lines := bufio.NewScanner(transform.NewReader(file, unicode.BOMOverride(transform.Nop)))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimLeft(lines.Text(), " \t")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, _, given := strings.Cut(line, "="); !given || !plan.IsVariableName(name) {
			return fault.New(fault.Usage, "write NAME=VALUE, all on one line", "line %d of %s does not set a variable", n, path)
		}
		if err := v.Add(line, path); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fault.Wrap(fault.Usage, err, "check its name", "cannot read the env file")
	}
	return nil
}
