package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/imagefile"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/term"
)

// stream is the name that stands for standard input and output.
const stream = output.Stdout

func (a *app) saveCommand() *cli.Command {
	return &cli.Command{
		Name:      "save",
		Usage:     "save the image to a file, for a machine without internet",
		ArgsUsage: "FILE",
		UsageText: "facecraft save FILE|- [--tag auto|cpu|gpu|lite]",
		Flags:     slices.Concat(requestFlags(), fetchFlags(), []cli.Flag{quietFlag()}),
		Before:    a.hush,
		Action:    a.save,
	}
}

func (a *app) save(c *cli.Context) error {
	target, err := oneFile(c)
	if err != nil {
		return err
	}
	if target == stream && term.IsTerminal(a.Stdout) {
		return fault.New(fault.Usage, "facecraft save FILE, or pipe it: facecraft save - | ssh HOST facecraft load -",
			"refusing to write an image to the terminal")
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	f, err := fetchingOf(c)
	if err != nil {
		return err
	}
	file := output.File{Path: target, Stream: a.Stdout}
	if err := file.Check(); err != nil {
		return err
	}
	r.Elsewhere = true
	l, err := a.connectIfPossible(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	p, err := l.Decide(c.Context, r)
	if err != nil {
		return err
	}
	facts, err := imagefile.Transfer{Launcher: l}.Save(c.Context, file, p, f)
	if err == nil {
		a.ui.Done("Saved %s; on the other machine, run: facecraft load %s", facts.Reference, target)
	}
	return err
}

// oneFile is the argument of save and load.
func oneFile(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", fault.New(fault.Usage, "facecraft "+c.Command.Name+" FILE, or - for a pipe", "%s takes one file",
			c.Command.Name)
	}
	file := c.Args().First()
	if file == "" {
		return "", fault.New(fault.Usage, "facecraft "+c.Command.Name+" FILE, or - for a pipe", "the file name is empty")
	}
	return file, nil
}

func (a *app) loadCommand() *cli.Command {
	return &cli.Command{
		Name:      "load",
		Usage:     "load an image from a file written by facecraft save",
		ArgsUsage: "FILE",
		UsageText: "facecraft load FILE|-",
		Flags:     []cli.Flag{quietFlag()},
		Before:    a.hush,
		Action:    a.load,
	}
}

func (a *app) load(c *cli.Context) error {
	source, err := oneFile(c)
	if err != nil {
		return err
	}
	if source == stream && term.IsTerminal(a.Stdin) {
		return fault.New(fault.Usage, "facecraft load FILE, or pipe it: ssh HOST facecraft save - | facecraft load -",
			"refusing to read an image from a terminal")
	}
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	facts, size, err := imagefile.Transfer{Launcher: l}.Load(c.Context, source, a.stdin(c.Context))
	if err != nil {
		return err
	}
	a.ui.Done("Loaded %s (%s, %s)", facts.Reference, facts.Platform, format.Size(size))
	rows := [][2]string{{"variant", facts.Variant + ": " + facts.Summary},
		{"memory", "needs about " + format.Memory(facts.MemoryNeeded)}}
	if facts.Digest != "" {
		rows = append(rows, [2]string{"pulled as", facts.Digest})
	}
	a.ui.Table(rows)
	return nil
}
