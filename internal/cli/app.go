// Package cli is the command line: one file per command, and one place where
// errors become messages and exit codes.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/remains"
	"github.com/djok/facecraft/internal/term"
)

// World is everything outside the program that a command touches.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Version        string
	UID            int // as os.Getuid: -1 on Windows
	// ReleaseKey is the public key that signs releases; empty in other builds.
	ReleaseKey string
	// Signals ask the program to stop; at the second one it calls Exit.
	Signals <-chan os.Signal
	Exit    func(code int)
}

// Main runs the command line and returns the exit code. It is the one place
// where an error is shown.
func Main(ctx context.Context, world World, args []string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	unread := world.outlets(cancel)
	app := &app{World: world, args: args, ui: term.New(world.Stderr, world.Getenv, false), unfinished: &remains.List{},
		settings: flagset.Settings{Getenv: world.Getenv}}
	go app.heed(cancel)
	flagset.UnsetEmpty(flagPrefix, imageVariable)
	err := app.commandLine().RunContext(ctx, app.arrange(args))
	if unread.Load() {
		return int(fault.Unread) // the reader is gone: say nothing more
	}
	// Whatever error an interruption caused, report the interruption.
	var known *fault.Fault
	if err != nil && ctx.Err() != nil && !(errors.As(err, &known) && known.Code == fault.Interrupted) {
		err = fault.New(fault.Interrupted, "", "interrupted")
	}
	if _, ok := err.(cli.ExitCoder); ok { // the library's help for an unknown command
		err = fault.Wrap(fault.Usage, err, flagset.CommandsHint, "invalid command line")
	}
	err = placed(err)
	if err != nil {
		app.ui.Fail(err)
		app.settings.Blamed(err, app.ui.Say)
	}
	return int(fault.CodeOf(err))
}

type app struct {
	World
	args []string // the whole command line
	ui   *term.UI
	// secrets are the values of plan.Request.Secrets, by name.
	secrets map[string]string
	// unfinished is what this call would leave behind if it ended now.
	unfinished *remains.List
	settings   flagset.Settings
	program    *cli.App // only during completion
}

func (a *app) commandLine() *cli.App {
	return &cli.App{
		Name:      "facecraft",
		Usage:     "run the portrait API locally and process photos",
		UsageText: "facecraft up\nfacecraft process photo.jpg\nfacecraft compose > docker-compose.yml",
		Version:   a.Version,
		Description: "Flags can also be set in the environment: --port as FACECRAFT_CLI_PORT,\n" +
			"--image as FACECRAFT_IMAGE, or in a configuration file: see facecraft config.\n" +
			"Set FACECRAFT_INSTANCE=NAME to manage a second server next to the first.",
		Commands: a.uniform(append([]*cli.Command{
			a.upCommand(), a.processCommand(), a.studioCommand(), a.composeCommand(), a.planCommand(),
			a.pullCommand(), a.pushCommand(), a.saveCommand(), a.loadCommand(),
			a.statusCommand(), a.logsCommand(), a.openCommand(), a.downCommand(),
			a.doctorCommand(), a.lintCommand(), a.verifyCommand(),
			a.configCommand(), a.completionCommand(), a.upgradeCommand(), a.versionCommand(),
			a.completeCommand(), a.completeInstancesCommand(), a.serveLiteCommand(), a.checkLiteCommand(),
		}, append(a.helperCommands(), a.gatewayCommands()...)...)...),
		Suggest:   true,
		Reader:    a.Stdin,
		Writer:    a.Stdout,
		ErrWriter: a.Stderr,
		// Main shows errors, once; they must not end the process here.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   flagset.UsageError,
		Before:         func(*cli.Context) error { return plan.CheckInstance(a.instance()) },
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return a.unknownCommand(c, name)
			}
			return cli.ShowAppHelp(c)
		},
	}
}

// The flags' variables follow one rule, which the help states once instead of
// on every line.
func init() {
	describe := cli.FlagStringer
	cli.FlagStringer = func(flag cli.Flag) string {
		text, _, _ := strings.Cut(describe(flag), " [$")
		text, _, _ = strings.Cut(text, " [%") // Windows
		name, repetition, several := strings.Cut(text, " [ ")
		if _, usage, ok := strings.Cut(repetition, " ]"); several && ok {
			text = name + usage // "repeatable" says the same in less space
		}
		return text
	}
}

// uniform sets what all commands have in common. A command takes arguments
// only if it has an ArgsUsage.
func (a *app) uniform(commands ...*cli.Command) []*cli.Command {
	for _, command := range commands {
		command.OnUsageError = flagset.UsageError
		command.HideHelpCommand = true
		if !command.Hidden && !slices.Contains([]string{"upgrade", "version", "completion"}, command.Name) {
			command.Action = a.withNews(command.Action)
		}
		command.Action = flagset.NotEmpty(command.Action)
		if command.ArgsUsage == "" {
			command.Action = withoutArguments(command.Action)
		}
		if flagset.Configurable(command) {
			command.Before = a.configured(command.Before)
			command.Flags = append(command.Flags, flagset.ProfileFlag())
		}
		for _, flag := range command.Flags {
			if toggle, ok := flag.(*cli.BoolFlag); ok {
				toggle.DisableDefaultText = true // always off
			}
		}
	}
	return commands
}

// configured applies the configuration file before anything else happens.
func (a *app) configured(next cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if err := a.settings.Configure(c); err != nil || next == nil {
			return err
		}
		return next(c)
	}
}

// arrange puts flags where urfave/cli expects them.
func (a *app) arrange(args []string) []string {
	if len(args) < 2 {
		return args
	}
	command := a.commandLine().Command(args[1])
	if command == nil {
		return args
	}
	return append(args[:2:2], flagset.Arrange(command, args[2:])...)
}
