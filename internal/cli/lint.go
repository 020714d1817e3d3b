package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint"
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
			&cli.StringFlag{Name: "explain", EnvVars: env("explain"), Usage: "say what the check `ID` is about, with examples; all lists them"},
			jsonFlag(),
			&cli.StringFlag{Name: "format", EnvVars: env("format"), DefaultText: formatText, Usage: "`FORM`: json, sarif or junit"},
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
	format, err := verifyFormat(c)
	if err != nil {
		return err
	}
	fix, write := c.Bool("fix"), c.Bool("write")
	switch {
	case write && !fix:
		return fault.New(fault.Usage, "facecraft lint --fix --write", "--write needs --fix")
	case fix && format != "" && format != formatText:
		return fault.New(fault.Usage, "drop one of them", "--fix and --format %s contradict each other", format)
	}
	root, dir, only, err := repository(c.Args().Slice())
	if err != nil {
		return err
	}
	defer root.Close()
	options := lint.Options{Target: dir, Only: only, Today: time.Now()}
	result, err := lint.Run(c.Context, root.FS(), options)
	if err != nil {
		return err
	}
	if fix {
		return a.fix(c, root, result, options)
	}
	if err := a.printLint(result, format); err != nil {
		return err
	}
	return result.Err(c.Bool("strict"))
}

// explain says what a check, or a group of them, is about.
func (a *app) explain(name string) error {
	checks, err := lint.Checks()
	if err != nil {
		return err
	}
	paint := lintPaint(term.NewPainter(a.Stdout, a.Getenv))
	if name == "all" {
		for _, check := range checks {
			if _, err := fmt.Fprintf(a.Stdout, "%-22s%-9s%s\n", check.ID, check.Severity, check.Title); err != nil {
				return err
			}
		}
		return nil
	}
	all, err := finding.Checks() // verify's, too, because they are named together
	if err != nil {
		return err
	}
	meant := lint.Meant(all, name)
	if len(meant) == 0 {
		return fault.New(fault.Usage, "facecraft lint --explain all", "there is no check %q", name)
	}
	for n, check := range meant {
		if n > 0 {
			fmt.Fprintln(a.Stdout)
		}
		if _, err := fmt.Fprint(a.Stdout, lint.Explain(check, min(term.Width(a.Stdout), 80), paint)); err != nil {
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

func lintPaint(p term.Painter) lint.Paint {
	looks := map[lint.Style]func(string) string{
		lint.Heading: p.Bold, lint.Quiet: p.Dim, lint.Emphasis: p.Bold,
		lint.IsError: p.Red, lint.IsWarning: p.Yellow, lint.IsNote: p.Green, lint.IsUnknown: p.Yellow,
	}
	return func(style lint.Style, text string) string { return looks[style](text) }
}

// fix shows what can be mended, or mends it and reports what is left.
func (a *app) fix(c *cli.Context, root *os.Root, result *lint.Result, options lint.Options) error {
	changes, err := result.Changes(root.FS())
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
		if err := write(root, change); err != nil {
			return fault.Wrap(fault.Failed, err, "make it writable", "%s was not changed", change.File)
		}
		a.ui.Done("%s is fixed", change.File)
	}
	after, err := lint.Run(c.Context, root.FS(), options)
	if err != nil {
		return err
	}
	if err := a.printLint(after, formatText); err != nil {
		return err
	}
	return after.Err(c.Bool("strict"))
}

// write replaces a file's content at once, and keeps its mode.
func write(root *os.Root, change lint.Change) error {
	mode := fs.FileMode(0o644)
	if info, err := root.Stat(change.File); err == nil {
		mode = info.Mode().Perm()
	}
	temporary := change.File + ".facecraft-new"
	if err := root.WriteFile(temporary, change.After, mode); err != nil {
		return err
	}
	if err := root.Rename(temporary, change.File); err != nil {
		return errors.Join(err, root.Remove(temporary))
	}
	return nil
}

// repository opens the one that the paths, or this directory, are in, and gives
// the paths in it.
func repository(paths []string) (root *os.Root, dir string, only []string, err error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for _, name := range paths {
		full, err := filepath.Abs(name)
		if err != nil {
			return nil, "", nil, err
		}
		info, err := os.Stat(full)
		if err != nil {
			return nil, "", nil, fault.Wrap(fault.Usage, err, "check its name", "there is nothing to lint")
		}
		top := topOf(full, info.IsDir())
		if dir != "" && top != dir {
			return nil, "", nil, fault.New(fault.Usage, "lint one repository at a time", "%s is in %s, and not in %s", name, top, dir)
		}
		dir = top
		rest, err := filepath.Rel(top, full)
		if err != nil {
			return nil, "", nil, err
		}
		only = append(only, filepath.ToSlash(rest))
	}
	root, err = os.OpenRoot(dir)
	return root, dir, only, err
}

// topOf is the directory above a path that has .git, or the path's own.
func topOf(full string, isDir bool) string {
	own := full
	if !isDir {
		own = filepath.Dir(full)
	}
	for dir := own; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if strings.TrimRight(filepath.Dir(dir), `/\`) == strings.TrimRight(dir, `/\`) {
			return own
		}
	}
}
