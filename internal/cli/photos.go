package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/term"
)

// photos are one command's work.
type photos struct {
	*app
	args      []string
	finder    batch.Finder
	planner   batch.Planner
	selection batch.Selection
	inFlight  int
	preset    preset
	spooled   func() // the temporary pictures are gone

	request   serverRequest
	endpoints []string
	session   *session // nil before there was a need to reach the daemon

	show *show
}

// photos reads the flags.
func (a *app) photos(c *cli.Context) (_ *photos, err error) {
	p := &photos{app: a, args: c.Args().Slice(), inFlight: c.Int("in-flight"), endpoints: c.StringSlice("endpoint")}
	if err := a.checkEndpointFlags(c); err != nil {
		return nil, err
	}
	if p.request.Request, err = a.request(c); err != nil {
		return nil, err
	}
	if p.request.Fetch, err = fetchingOf(c); err != nil {
		return nil, err
	}
	if p.request.Timeout, err = timeoutOf(c); err != nil {
		return nil, err
	}
	output := c.String("output")
	if output == "" && slices.Equal(p.args, []string{"-"}) {
		output = "-"
	}
	recipe, err := recipe(c, output)
	if err != nil {
		return nil, err
	}
	spool := "" // where a photo or a portrait lies that has no file of its own
	if output == "-" || slices.Contains(p.args, "-") {
		if spool, err = os.MkdirTemp("", "facecraft-"); err != nil {
			return nil, noTemporary(err)
		}
		p.spooled = a.unfinished.Add("pictures in "+spool, "rm -r "+dockerrun.Quote(spool))
	}
	p.show = newShow(a, c, spool)
	p.preset, _ = findPreset(c.String("preset"))
	p.selection = batch.Selection{Recipe: recipe, Force: c.Bool("force"), Checksum: c.Bool("checksum")}
	if output == "-" {
		p.show.toStdout, p.selection.Force = true, true
		output = filepath.Join(spool, "portrait."+recipe.Formats[0])
	}
	p.planner.Output = batch.Output{Path: output, Formats: recipe.Formats}
	p.finder = batch.Finder{Recursive: c.Bool("recursive") || c.Bool("watch"), Null: c.Bool("null"), Stdin: a.stdin(c.Context), Avoid: output, Spool: spool}
	if err := p.check(c, output); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// check refuses what contradicts itself.
func (p *photos) check(c *cli.Context, output string) error {
	formats := p.planner.Formats
	switch named := batch.FormatOf(output); {
	case p.inFlight < 1 || p.inFlight > 64:
		return fault.New(fault.Usage, "use a number from 1 to 64", "%d photos in flight are not possible", p.inFlight)
	case p.show.toStdout && (p.show.json || p.show.null || c.Bool("watch") || len(formats) > 1 || len(p.args) > 1):
		return fault.New(fault.Usage, "name a directory with -o", "standard output takes one picture and nothing else")
	case p.show.page.Path == stream && p.show.json:
		return fault.New(fault.Usage, "leave one of them out", "--json and --report - contradict each other")
	case p.show.page.Path != "" && p.show.toStdout:
		return fault.New(fault.Usage, "name a file with -o", "a page shows portraits in files, and this one goes to standard output")
	case output == "" && slices.Contains(p.args, stream):
		return fault.New(fault.Usage, "name a directory with -o", "a photo from standard input needs a directory for its portrait")
	case p.show.toStdout && term.IsTerminal(p.Stdout):
		return fault.New(fault.Usage, "write it to a file: -o portrait."+formats[0], "a picture is nothing for the screen")
	case output != "" && named == "" && filepath.Ext(output) != "" && len(p.args) == 1 && !isDirectory(output) && !isDirectory(p.args[0]) && !os.IsPathSeparator(output[len(output)-1]):
		return fault.New(fault.Usage, "name a file that ends in .png or .jpg, or a directory that ends in /",
			"the result is a PNG or a JPEG and cannot be called %s", term.Name(output))
	}
	if batch.FormatOf(output) != "" && len(p.args) > 1 && !isDirectory(output) && !os.IsPathSeparator(output[len(output)-1]) {
		return fault.New(fault.Usage, "name a directory with -o", "%d photos do not go into the one file %s", len(p.args), term.Name(output))
	}
	return nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
