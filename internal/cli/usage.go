package cli

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
)

func (a *app) unknownCommand(c *cli.Context, name string) error {
	hint := flagset.CommandsHint
	like := cli.SuggestCommand(c.App.VisibleCommands(), name)
	switch {
	case isFile(name):
		hint = "facecraft process " + dockerrun.Quote(name)
	case strings.Contains(like, `"`+name[:1]) && !strings.Contains(like, `"h"`): // others are far-fetched, and so is "h"
		hint = like + " " + hint
	}
	return fault.New(fault.Usage, hint, "unknown command %q", name)
}

// isFile reports whether a word in place of a command is a file's name.
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
