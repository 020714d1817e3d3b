package cli

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/manual"
)

// exitCodes are what scripts may rely on.
var exitCodes = []manual.ExitCode{
	{Code: int(fault.Done), Meaning: "done"},
	{Code: int(fault.Failed), Meaning: "failed"},
	{Code: int(fault.Usage), Meaning: "invalid command line"},
	{Code: int(fault.Unrunnable),
		Meaning: "no server can run here: no Docker, no suitable hardware, not enough disk space"},
	{Code: int(fault.Declined), Meaning: "a confirmation was declined, or could not be asked for"},
	{Code: int(fault.Photos), Meaning: "some photos failed"},
	{Code: int(fault.Server), Meaning: "the server died or never became ready"},
	{Code: int(fault.Pitfall), Meaning: "lint or verify found a pitfall"},
	{Code: int(fault.Interrupted), Meaning: "interrupted; nothing half-finished is left behind"},
	{Code: int(fault.Unread), Meaning: "the reader of its output exited, as with head"},
}

// described is the command line as data, without hidden commands and flags.
func described(c *cli.App) manual.Program {
	p := manual.Program{Name: c.Name, Usage: c.Usage, Description: c.Description,
		Synopsis: strings.Split(c.UsageText, "\n"), ExitCodes: exitCodes}
	for _, command := range c.Commands {
		if command.Hidden || command.Name == "help" {
			continue
		}
		m := manual.Command{Name: command.Name, Usage: command.Usage, Description: command.Description,
			Synopsis: strings.Split(command.UsageText, "\n"), Arguments: command.ArgsUsage}
		for _, flag := range command.Flags {
			if flag != cli.HelpFlag {
				m.Flags = append(m.Flags, describedFlag(flag))
			}
		}
		p.Commands = append(p.Commands, m)
	}
	return p
}

func describedFlag(flag cli.Flag) manual.Flag {
	// In --help it is "--port PORT, -p PORT", a tab, and its usage.
	names, usage, _ := strings.Cut(flag.String(), "\t")
	m := manual.Flag{Names: flag.Names(), Usage: usage, Variables: flag.(cli.DocGenerationFlag).GetEnvVars()}
	if flag.(cli.DocGenerationFlag).TakesValue() {
		first, _, _ := strings.Cut(names, ",")
		_, m.Placeholder, _ = strings.Cut(first, " ")
	}
	switch flag.(type) {
	case *cli.StringSliceFlag, *cli.GenericFlag:
		m.Repeatable = true
	}
	return m
}
