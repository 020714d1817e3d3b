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
		Usage:     "find pitfalls in the sources of AI images",
		UsageText: "facecraft lint [PATH ...]\nfacecraft lint --fix [--write]\nfacecraft lint --explain ID",
		ArgsUsage: "[PATH ...]",
		Description: "Reads the Dockerfiles, requirements files, ignore files, Compose files,\n" +
			"GitHub workflows and READMEs of the repository that contains PATH, by default\n" +
			"the current directory. With PATH, only pitfalls found there are reported.\n\n" +
			"Exit code 0: no pitfalls; 7: pitfalls found. To accept a pitfall, add a\n" +
			"comment to the source:\n" +
			"  # facecraft: ignore=latest until=2027-01-31 the mirror needs it\n" +
			"or an entry to " + finding.IgnoreFile + ":\n" +
			"  ignore:\n" +
			"    - {id: latest, path: docker, reason: mirrored, until: 2027-01-31}",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fix", EnvVars: env("fix"), Usage: "show what can be fixed safely, as a diff"},
			&cli.BoolFlag{Name: "write", EnvVars: env("write"), Usage: "with --fix: change the files"},
			&cli.StringFlag{Name: "explain", EnvVars: env("explain"),
				Usage: "explain the check `ID`; all lists the checks"},
			jsonFlag(),
			&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: formatText,
				Usage: "`FORMAT`: text, json, sarif, junit"},
			&cli.BoolFlag{Name: "strict", EnvVars: env("strict"), Usage: "exit with code 7 for unknown results, too"},
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
			a.ui.Done("nothing can be fixed safely")
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
