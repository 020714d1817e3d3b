package cli

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
)

// words is a flag that can be repeated. Unlike the library's own it keeps
// commas, which values of variables contain.
type words []string

func (w *words) Set(word string) error { *w = append(*w, word); return nil }

// String is empty: there is no default to show.
func (w *words) String() string { return "" }

// containerFlags are what the container is given of this machine.
func containerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "data", EnvVars: env("data"), DefaultText: "named volumes",
			Usage: "`DIR` of its files"},
		&cli.GenericFlag{Name: "env", EnvVars: env("env"), Value: &words{},
			Usage: "`K=V` for the container, or K from here, unseen"},
		&cli.GenericFlag{Name: "env-file", EnvVars: env("env-file"), Value: &words{},
			Usage: "`FILE` of K=V lines that stay unseen"},
	}
}

// settings are the variables of the images that are no secrets: what is said of
// them may name their values.
var settings = []string{
	"FACECRAFT_DEVICE", "FACECRAFT_MODELS_DIR", "FACECRAFT_PREDICTOR_PATH", "FACECRAFT_CODEFORMER_PATH",
	"FACECRAFT_UPLOAD_DIR", "FACECRAFT_OUTPUT_DIR", "FACECRAFT_CLEANUP_AGE_HOURS", "FACECRAFT_CORS_ORIGINS",
	"FACECRAFT_ALLOWED_HOSTS",
}

// passedOn are the variables of the images that are passed on from this
// program's environment, as their documentation has them. Others need --env.
var passedOn = slices.Concat(settings, []string{"FACECRAFT_API_KEY"})

// containerRequest reads containerFlags. The values of secrets are kept apart
// from the request, which is printed and stored.
func (a *app) containerRequest(c *cli.Context, r *plan.Request) (err error) {
	a.secrets = map[string]string{}
	if data := c.String("data"); data != "" {
		if r.Data, err = filepath.Abs(data); err != nil {
			return err
		}
		if r.Data == filepath.Dir(r.Data) {
			return fault.New(fault.Usage, "use a directory of its own", "--data %s is the root of everything", data)
		}
	}
	for _, name := range passedOn {
		if value := a.Getenv(name); value != "" {
			a.addSecret(r, plan.Secret{Name: name, Ambient: true}, value)
		}
	}
	for _, file := range *c.Generic("env-file").(*words) {
		if err := a.readEnvFile(r, file); err != nil {
			return err
		}
	}
	for _, word := range *c.Generic("env").(*words) {
		if err := a.addVariable(r, word, ""); err != nil {
			return err
		}
	}
	return nil
}

// addVariable takes NAME=VALUE or NAME. What comes from a file is a secret.
func (a *app) addVariable(r *plan.Request, word, file string) error {
	name, value, given := strings.Cut(word, "=")
	switch {
	case given && file == "":
		delete(a.secrets, name)
		r.Secrets = withoutSecret(r.Secrets, name)
		r.Env = append(r.Env, plan.Env{Name: name, Value: value})
		return nil
	case strings.Contains(value, "\x00"):
		return fault.New(fault.Usage, "remove it: no variable can hold one", "the value of %s in %s has a NUL byte", name, file)
	case given:
		a.addSecret(r, plan.Secret{Name: name, File: file}, value)
		return nil
	}
	if value = a.Getenv(name); value == "" {
		return fault.New(fault.Usage, "export it, or use --env "+name+"=VALUE", "the variable %q of this environment is empty, or not set", name)
	}
	a.addSecret(r, plan.Secret{Name: name}, value)
	return nil
}

// addSecret lets a later source of a variable win.
func (a *app) addSecret(r *plan.Request, s plan.Secret, value string) {
	if !slices.Contains(settings, s.Name) {
		a.ui.Hide(value)
	}
	r.Secrets = append(withoutSecret(r.Secrets, s.Name), s)
	a.secrets[s.Name] = value
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

// readEnvFile reads a file as docker run --env-file does: values are taken as
// they are. But a name alone is refused, since it is mostly the second line of
// a value. An error never quotes a line.
func (a *app) readEnvFile(r *plan.Request, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.Usage, err, "check its name", "the file of variables cannot be read")
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
			return fault.New(fault.Usage, "write NAME=VALUE, all on one line", "line %d of %s sets no variable", n, path)
		}
		if err := a.addVariable(r, line, path); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fault.Wrap(fault.Usage, err, "check its name", "the file of variables cannot be read")
	}
	return nil
}

// caller is whose files the server's are to be: under sudo not root, but the
// one who called it.
func (a *app) caller() plan.Fact[plan.User] {
	if a.UID < 0 {
		return plan.Unknown[plan.User](runtime.GOOS + " has no user numbers")
	}
	uid, err := strconv.Atoi(a.Getenv("SUDO_UID"))
	gid, gidErr := strconv.Atoi(a.Getenv("SUDO_GID"))
	if a.UID == 0 && err == nil && gidErr == nil {
		return plan.Known(plan.User{UID: uid, GID: gid}, "you, through sudo")
	}
	return plan.Known(plan.User{UID: a.UID, GID: os.Getgid()}, "your user")
}
