package cli

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/completion"
	"github.com/djok/facecraft/internal/fault"
)

func (a *app) completionCommand() *cli.Command {
	description := "Add the line for your shell to its startup file. Linux packages already\ninclude the scripts.\n"
	for _, shell := range completion.Shells {
		description += fmt.Sprintf("\n  %-12s%s", shell.Word, shell.What)
	}
	return &cli.Command{
		Name:        "completion",
		Usage:       "print the completion script for a shell",
		UsageText:   "facecraft completion bash|zsh|fish|powershell",
		ArgsUsage:   "SHELL",
		Description: description,
		Action: func(c *cli.Context) error {
			script, ok := completion.Script(c.Args().First())
			if !ok || c.NArg() != 1 {
				return fault.New(fault.Usage, "facecraft completion bash|zsh|fish|powershell",
					"completion takes the name of a shell")
			}
			_, err := fmt.Fprint(a.Stdout, script)
			return err
		},
	}
}

// completeCommand is what the shell scripts call: facecraft complete -- WORD...
func (a *app) completeCommand() *cli.Command {
	return &cli.Command{Name: "complete", Hidden: true, ArgsUsage: "WORD...", Action: func(c *cli.Context) error {
		a.program = c.App
		values := func(command, flag string) completion.Answer { return a.values(c.Context, command, flag) }
		return completion.Complete(described(c.App), c.Args().Slice(), values).Write(a.Stdout, batch.Extensions)
	}}
}

// completeInstancesCommand is for the values of FACECRAFT_INSTANCE.
func (a *app) completeInstancesCommand() *cli.Command {
	return &cli.Command{Name: "complete-instances", Hidden: true, Action: func(c *cli.Context) error {
		answer := completion.Answer{Files: completion.NoFiles}
		for _, server := range a.runningServers(c.Context) {
			answer.Candidates = append(answer.Candidates, completion.Candidate{Word: server.Instance, What: server.URL})
		}
		return answer.Write(a.Stdout, nil)
	}}
}
