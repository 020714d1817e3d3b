package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint"
	"github.com/djok/facecraft/internal/lint/screen"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "find the pitfalls of AI images in their sources",
		UsageText: "facecraft lint [PATH ...]\nfacecraft lint --fix [--write]\nfacecraft lint --explain ID",
		ArgsUsage: "[PATH ...]",
		Description: "Reads Dockerfiles, requirement files, ignore files, Compose files, GitHub\n" +
			"workflows and READMEs of the repository that PATH, or this directory, is in.\n" +
			"With PATH, only what is found there is reported.\n\n" +
			"Exit code 0: no pitfall was found; 7: one was. Accept one in the source, or\n" +
			"in " + finding.IgnoreFile + ":\n" +
			"  # facecraft: ignore=latest until=2027-01-31 the mirror needs it\n" +
			"  ignore:\n" +
			"    - {id: latest, path: docker, reason: mirrored, until: 2027-01-31}",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fix", EnvVars: env("fix"), Usage: "show a diff of what can be fixed for certain"},
			&cli.BoolFlag{Name: "write", EnvVars: env("write"), Usage: "with --fix: change the files"},
			&cli.StringFlag{Name: "explain", EnvVars: env("explain"),
				Usage: "say what the check `ID` is about, with examples; all lists them"},
			jsonFlag(),
			&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: formatText,
				Usage: "`FORM`: json, sarif or junit"},
			&cli.BoolFlag{Name: "strict", EnvVars: env("strict"), Usage: "exit code 7 also for what is unknown"},
			quietFlag(),
		},
		Before: a.hush,
		Action: a.lint,
	}
}

func (a *app) lint(c *cli.Context) error {
	if name := c.String("explain"); name != "" {
		return a.explain(name)
	}
	format, err := formatOf(c, reportFormats)
	if err != nil {
		return err
	}
	fix, write := c.Bool("fix"), c.Bool("write")
	switch {
	case write && !fix:
		return fault.New(fault.Usage, "facecraft lint --fix --write", "--write needs --fix")
	case fix && format != formatText:
		return fault.New(fault.Usage, "drop one of them", "--fix and --format %s contradict each other", format)
	}
	repository, err := lint.Open(c.Args().Slice())
	if err != nil {
		return err
	}
	defer repository.Close()
	options := lint.Options{Target: repository.Dir, Only: repository.Only, Today: time.Now()}
	result, err := lint.Run(c.Context, repository.FS(), options)
	if err != nil {
		return err
	}
	if fix {
		return a.fix(c, repository, result, options)
	}
	if err := a.printLint(result, format); err != nil {
		return err
	}
	return result.Err(c.Bool("strict"))
}

// explain says what a check, or a group of them, is about.
func (a *app) explain(name string) error {
	if name == "all" {
		return a.listChecks()
	}
	all, err := finding.Checks() // verify's, too, because they are named together
	if err != nil {
		return err
	}
	meant := lint.Meant(all, name)
	if len(meant) == 0 {
		return fault.New(fault.Usage, "facecraft lint --explain all", "there is no check %q", name)
	}
	paint := lintPaint(term.NewPainter(a.Stdout, a.Getenv))
	for n, check := range meant {
		if n > 0 {
			fmt.Fprintln(a.Stdout)
		}
		if _, err := fmt.Fprint(a.Stdout, screen.Explain(check, min(term.Width(a.Stdout), 80), paint)); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) listChecks() error {
	checks, err := lint.Checks()
	if err != nil {
		return err
	}
	for _, check := range checks {
		if _, err := fmt.Fprintf(a.Stdout, "%-22s%-9s%s\n", check.ID, check.Severity, check.Title); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printLint(result *lint.Result, format string) error {
	switch format {
	case formatJSON:
		return a.printJSON(result.Report)
	case formatSARIF:
		checks, err := lint.Checks()
		if err != nil {
			return err
		}
		return result.SARIF(a.Stdout, checks, a.Version)
	case formatJUnit:
		return result.JUnit(a.Stdout)
	}
	text := result.Screen(min(term.Width(a.Stdout), 100), lintPaint(term.NewPainter(a.Stdout, a.Getenv)))
	if _, err := fmt.Fprint(a.Stdout, text); err != nil {
		return err
	}
	a.ui.Done("%s", result.Summary())
	return nil
}

func lintPaint(p term.Painter) screen.Paint {
	looks := map[screen.Style]func(string) string{
		screen.Heading: p.Bold, screen.Quiet: p.Dim, screen.Emphasis: p.Bold,
		screen.IsError: p.Red, screen.IsWarning: p.Yellow, screen.IsNote: p.Green, screen.IsUnknown: p.Yellow,
	}
	return func(style screen.Style, text string) string { return looks[style](text) }
}

// fix shows what can be fixed, or fixes it and reports what is left.
func (a *app) fix(c *cli.Context, repository *lint.Repository, result *lint.Result, options lint.Options) error {
	changes, err := result.Changes(repository.FS())
	if err != nil {
		return err
	}
	if !c.Bool("write") {
		for _, change := range changes {
			if _, err := fmt.Fprint(a.Stdout, change.Diff()); err != nil {
				return err
			}
		}
		if len(changes) == 0 {
			a.ui.Done("nothing can be fixed for certain")
		}
		return result.Err(c.Bool("strict"))
	}
	for _, change := range changes {
		if err := repository.Write(change); err != nil {
			return err
		}
		a.ui.Done("%s is fixed", change.File)
	}
	after, err := lint.Run(c.Context, repository.FS(), options)
	if err != nil {
		return err
	}
	if err := a.printLint(after, formatText); err != nil {
		return err
	}
	return after.Err(c.Bool("strict"))
}
