package cli

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/config"
	"github.com/djok/facecraft/internal/fault"
)

func (a *app) configCommand() *cli.Command {
	return &cli.Command{
		Name:      flagset.ConfigCommand,
		Usage:     "show each setting and where it comes from",
		UsageText: "facecraft config [--json]\nfacecraft config process --preset ad",
		ArgsUsage: "[COMMAND [FLAG...]]",
		Description: "The configuration file sets flags by their names, for all commands, for one,\n" +
			"or for those who choose a profile:\n\n" +
			"  tag = \"cpu\"\n\n" +
			"  [process]\n" +
			"  output = \"portraits\"\n\n" +
			"  [profile.office]\n" +
			"  endpoint = \"http://portraits.example.org:8000\"\n\n" +
			"It is facecraft/config.toml in ~/.config, on macOS in\n" +
			"~/Library/Application Support, on Windows in %AppData%. The environment wins\n" +
			"over the file, and the command line over both.",
		Flags:  []cli.Flag{jsonFlag(), flagset.ProfileFlag()},
		Action: a.showConfig,
	}
}

func (a *app) showConfig(c *cli.Context) error {
	file, err := flagset.ReadFile(a.Getenv, c.App.Commands)
	if err != nil {
		return err
	}
	report := config.Report{Path: file.Path, Exists: file.Exists, Profile: c.String("profile"),
		Profiles: append([]string{}, file.Profiles...)}
	lines := [][]string{c.Args().Slice()}
	if c.NArg() == 0 {
		lines = nil
		for _, command := range c.App.Commands {
			if flagset.Configurable(command) {
				lines = append(lines, []string{command.Name})
			}
		}
	}
	for _, line := range lines {
		if command := c.App.Command(line[0]); command == nil || !flagset.Configurable(command) {
			return fault.New(fault.Usage, flagset.CommandsHint, "there are no settings of a command %q", line[0])
		}
		err := a.rehearse(c.Context, line, report.Profile, func(inner *app, c *cli.Context) error {
			inner.settings.Explain(c, line[1:], &report)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return a.printJSON(report)
	}
	_, err = fmt.Fprint(a.Stdout, report.Text())
	return err
}

// rehearse runs a command line up to its action, and calls look instead of that.
func (a *app) rehearse(ctx context.Context, line []string, profile string,
	look func(inner *app, c *cli.Context) error) error {
	inner := &app{World: a.World, ui: a.ui, settings: flagset.Settings{Getenv: a.Getenv}}
	program := inner.commandLine()
	command := program.Command(line[0])
	command.Before = inner.settings.Configure
	command.Action = func(c *cli.Context) error { return look(inner, c) }
	args := []string{program.Name, line[0]}
	if profile != "" {
		args = append(args, "--profile", profile)
	}
	return program.RunContext(ctx, inner.arrange(append(args, line[1:]...)))
}
