package flagset

import (
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/manual"
)

// Takes says in words which values a flag takes.
func Takes(flags []cli.Flag, name string) string {
	for _, flag := range flags {
		if !slices.Contains(flag.Names(), name) {
			continue
		}
		switch flag.(type) {
		case *cli.IntFlag:
			return "a whole number"
		case *cli.Float64Flag:
			return "a number"
		case *cli.DurationFlag:
			return "a time, such as 90s or 10m"
		case *cli.BoolFlag:
			return "true or false"
		}
	}
	return "a value"
}

// NotEmpty refuses empty values: usually a script forgot to set a variable.
func NotEmpty(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		for _, flag := range c.Command.Flags {
			if text, ok := flag.(*cli.StringFlag); ok && c.IsSet(text.Name) && c.String(text.Name) == "" {
				return fault.New(fault.Usage, "give it a value, or drop it", "%s is empty", manual.Dashed(text.Name))
			}
		}
		return action(c)
	}
}

// UnsetEmpty unsets empty variables of the environment, so that they do not set
// flags: those with the prefix, and others.
func UnsetEmpty(prefix string, others ...string) {
	others = append(others, ProfileVariable)
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" && (strings.HasPrefix(name, prefix) || slices.Contains(others, name)) {
			os.Unsetenv(name)
		}
	}
}
