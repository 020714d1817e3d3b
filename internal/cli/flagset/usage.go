package flagset

import (
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/manual"
)

// CommandsHint is the fix for an unknown command.
const CommandsHint = "facecraft --help lists the commands"

// UsageError explains an invalid command line in this program's words.
func UsageError(c *cli.Context, err error, _ bool) error {
	hint, flags := CommandsHint, c.App.Flags
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "facecraft" {
		hint, flags = "facecraft "+c.Command.Name+" --help lists the flags", c.Command.Flags
	}
	text := err.Error()
	if m := unknownFlag.FindStringSubmatch(text); m != nil {
		// The library always suggests one; far-fetched ones start differently.
		if like := cli.SuggestFlag(flags, m[1], true); strings.HasPrefix(like, "--"+m[1][:1]) {
			hint = "did you mean " + like + "? " + hint
		}
		return fault.New(fault.Usage, hint, "unknown flag %s", manual.Dashed(m[1]))
	}
	if m := missingValue.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, hint, "%s takes %s", manual.Dashed(m[1]), Takes(flags, m[1]))
	}
	if m := wrongValue.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, hint, "%s takes %s, not %q", manual.Dashed(m[2]), Takes(flags, m[2]), m[1])
	}
	if m := wrongVariable.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, "correct it, or unset it", "%s takes %s, not %q", m[2],
			Takes(flags, m[3]), m[1])
	}
	return fault.Wrap(fault.Usage, err, hint, "invalid command line")
}

// Error messages of the standard library's flag package and of urfave/cli.
var (
	unknownFlag   = regexp.MustCompile(`^flag provided but not defined: -(.+)$`)
	missingValue  = regexp.MustCompile(`^flag needs an argument: -(.+)$`)
	wrongValue    = regexp.MustCompile(`(?s)^invalid (?:boolean )?value "(.*)" for (?:flag )?-([^ ]+): `)
	wrongVariable = regexp.MustCompile(
		`(?s)^could not parse "(.*)" as \w+ value from environment variable "(.+)" for flag ([^ ]+): `)
)
