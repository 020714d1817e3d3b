package flagset

import (
	"regexp"
	"runtime"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/config"
	"github.com/djok/facecraft/internal/fault"
)

// ProfileVariable chooses a profile of the configuration file.
const ProfileVariable = "FACECRAFT_PROFILE"

const profile = "profile"

// ProfileFlag is a flag of all commands that can be configured.
func ProfileFlag() cli.Flag {
	return &cli.StringFlag{Name: profile, EnvVars: []string{ProfileVariable},
		Usage: "use profile `NAME` of the configuration file"}
}

// unconfigured are the commands that work whatever the file contains, or that
// have nothing to configure.
var unconfigured = []string{"completion", "upgrade", "version", ConfigCommand, "doctor", "status", "help"}

// Configurable reports whether the configuration file can set a command's flags.
func Configurable(command *cli.Command) bool {
	return !command.Hidden && !slices.Contains(unconfigured, command.Name)
}

// ReadFile reads the configuration file for the commands of a program.
func ReadFile(getenv func(string) string, commands []*cli.Command) (*config.File, error) {
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE")
	}
	return config.Read(config.Path(getenv, runtime.GOOS), home, schema(commands))
}

func schema(commands []*cli.Command) config.Schema {
	s := config.Schema{}
	for _, command := range commands {
		if !Configurable(command) {
			continue
		}
		s[command.Name] = map[string]config.Setting{}
		for _, flag := range command.Flags {
			s[command.Name][flag.Names()[0]] = settingOf(command, flag)
		}
	}
	return s
}

func settingOf(command *cli.Command, flag cli.Flag) config.Setting {
	kind := config.Text
	switch flag.(type) {
	case *cli.BoolFlag:
		kind = config.Switch
	case *cli.IntFlag:
		kind = config.Whole
	case *cli.Float64Flag:
		kind = config.Number
	case *cli.DurationFlag:
		kind = config.Duration
	case *cli.StringSliceFlag:
		kind = config.List
	case *cli.GenericFlag:
		kind = config.Words
	}
	return config.SettingOf(command.Name, flag.Names()[0], kind)
}

// Settings are the flags of one call.
type Settings struct {
	Getenv  func(string) string
	Applied []config.Value    // what the file set
	given   map[string]string // what the command line and the environment set
	path    string            // of the file
}

// Configure sets flags from the file that neither the command line nor the
// environment sets.
func (s *Settings) Configure(c *cli.Context) error {
	file, err := ReadFile(s.Getenv, c.App.Commands)
	if err != nil {
		return err
	}
	chosen := c.String(profile)
	if err := file.CheckProfile(chosen); err != nil {
		return err
	}
	s.path, s.given = file.Path, map[string]string{}
	for _, flag := range c.Command.Flags {
		if name := flag.Names()[0]; c.IsSet(name) {
			s.given[name] = c.String(name)
		}
	}
	s.Applied = file.For(c.Command.Name, chosen, s.given)
	for _, value := range slices.Backward(s.Applied) {
		if err := apply(c, value); err != nil {
			return fault.Wrap(fault.Usage, err, "correct it", "%s, line %d: %s cannot be used", s.path, value.Line, value.Name)
		}
	}
	return nil
}

// apply sets a flag. Words from stronger sources, which are already set, come
// last and win.
func apply(c *cli.Context, value config.Value) error {
	if list, ok := c.Generic(value.Name).(*Words); ok {
		*list = slices.Concat(value.Texts, *list)
		return nil
	}
	for _, text := range value.Texts {
		if err := c.Set(value.Name, text); err != nil {
			return err
		}
	}
	return nil
}

// Sets reports whether the file set a flag.
func (s *Settings) Sets(name string) bool {
	return slices.ContainsFunc(s.Applied, func(v config.Value) bool { return v.Name == name })
}

// Blamed tells which of the file's values an error names, and where they are set.
func (s *Settings) Blamed(err error, tell func(format string, args ...any)) {
	text := err.Error() + "\n" + fault.HintOf(err)
	for _, v := range s.Applied {
		if regexp.MustCompile(`(^|[^a-z])` + regexp.QuoteMeta(v.Name) + `([^a-z-]|$)`).MatchString(text) {
			tell("%s is set in %s, line %d", v.Name, s.path, v.Line)
		}
	}
}
