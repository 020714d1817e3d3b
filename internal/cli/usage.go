package cli

import (
	"os"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/flagset"
	"github.com/djok/facecraft/internal/manual"
)

const commandsHint = "facecraft --help lists the commands"

// usageError says what is wrong with a command line in this program's words.
func usageError(c *cli.Context, err error, _ bool) error {
	hint, flags := commandsHint, c.App.Flags
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "facecraft" {
		hint, flags = "facecraft "+c.Command.Name+" --help lists the flags", c.Command.Flags
	}
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		// The library always finds one; far-fetched ones begin otherwise.
		if like := cli.SuggestFlag(flags, m[1], true); strings.HasPrefix(like, "--"+m[1][:1]) {
			hint = "did you mean " + like + "? " + hint
		}
		return fault.New(fault.Usage, hint, "unknown flag %s", manual.Dashed(m[1]))
	}
	if m := missingValue.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, hint, "%s takes %s", manual.Dashed(m[1]), flagset.Takes(flags, m[1]))
	}
	if m := wrongValue.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, hint, "%s takes %s, not %q", manual.Dashed(m[2]), flagset.Takes(flags, m[2]), m[1])
	}
	if m := wrongVariable.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, "correct it, or unset it", "%s takes %s, not %q", m[2],
			flagset.Takes(flags, m[3]), m[1])
	}
	return fault.Wrap(fault.Usage, err, hint, "invalid command line")
}

// What the standard library's flag and urfave/cli say.
var (
	unknownFlag   = regexp.MustCompile(`^flag provided but not defined: -(.+)$`)
	missingValue  = regexp.MustCompile(`^flag needs an argument: -(.+)$`)
	wrongValue    = regexp.MustCompile(`(?s)^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^ ]+): `)
	wrongVariable = regexp.MustCompile(
		`(?s)^could not parse "(.*)" as \w+ value from environment variable "(.+)" for flag ([^ ]+): `)
)

func (a *app) unknownCommand(c *cli.Context, name string) error {
	hint := commandsHint
	like := cli.SuggestCommand(c.App.VisibleCommands(), name)
	switch {
	case isFile(name):
		hint = "facecraft process " + dockerrun.Quote(name)
	case strings.Contains(like, `"`+name[:1]) && !strings.Contains(like, `"h"`): // others are far-fetched, as "h" is
		hint = like + " " + hint
	}
	return fault.New(fault.Usage, hint, "unknown command %q", name)
}

// isFile tells whether a word in a command's place is a file's name.
func isFile(word string) bool {
	_, err := os.Stat(word)
	return err == nil || strings.ContainsAny(word, `./\`)
}

// withoutArguments refuses what an action would otherwise silently ignore.
func withoutArguments(action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		if c.NArg() > 0 {
			return fault.New(fault.Usage, "see facecraft "+c.Command.Name+" --help",
				"facecraft %s takes no argument %q", c.Command.Name, c.Args().First())
		}
		return action(c)
	}
}
