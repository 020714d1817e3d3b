package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/processview"
	"github.com/djok/facecraft/internal/report"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) processCommand() *cli.Command {
	return &cli.Command{
		Name:      "process",
		ArgsUsage: "PHOTO...",
		Usage:     "make portraits, starting a server if none is running",
		UsageText: "facecraft process photo.jpg [-o FILE.png]\n" +
			"facecraft process -r photos/ -o portraits/ --preset ad --report report.html\n" +
			"facecraft process --watch inbox/ -o portraits/\n" +
			"find . -name '*.jpg' -print0 | facecraft process -0 @-",
		Description: "Photos are files, directories (with -r), globs, @LIST (a file of names) or -\n" +
			"(standard input). Only missing or outdated results are made: the same command\n" +
			"continues where it stopped. The bearer token for endpoints comes from\n" +
			api.TokenVariable + ".",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "next to the photo",
				Usage: "`PLACE`: DIR, FILE or -"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, EnvVars: env("force"),
				Usage: "reprocess all photos and overwrite results"},
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}, EnvVars: env("recursive"),
				Usage: "process the photos in directories"},
			&cli.BoolFlag{Name: "null", Aliases: []string{"0"}, EnvVars: env("null"),
				Usage: "use NUL to end names in @LISTs and output"},
			&cli.BoolFlag{Name: "checksum", EnvVars: env("checksum"), Usage: "detect changed photos by content"},
			&cli.BoolFlag{Name: "watch", EnvVars: env("watch"), Usage: "keep running and process new photos"},
		}, recipeFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "endpoint", EnvVars: env("endpoint"),
				Usage: "`URL` of a remote server; repeatable"},
			&cli.IntFlag{Name: "in-flight", EnvVars: env("in-flight"), Value: batch.InFlight,
				Usage: "how many `PHOTOS` a server gets at once"},
			&cli.StringFlag{Name: "report", EnvVars: env("report"), Usage: "write an HTML report to `FILE`, or -"},
			&cli.BoolFlag{Name: "preview", EnvVars: env("preview"), Usage: "show portraits in the terminal"},
			jsonFlag(),
		}, requestFlags(), gatewayFlags(), fetchFlags(), startFlags()),
		Before: a.hush,
		Action: a.process,
	}
}

func (a *app) process(c *cli.Context) error {
	if c.NArg() == 0 {
		return fault.New(fault.Usage, "facecraft process photo.jpg", "no photo to process")
	}
	if _, err := os.Getwd(); err != nil { // clearer than a photo that is not found
		return err
	}
	p, err := a.photos(c)
	if err != nil {
		return err
	}
	defer p.close()
	if c.Bool("watch") {
		return a.orLite(p.Watch(c.Context))
	}
	return a.orLite(p.Once(c.Context))
}

// photos is the work of one command, and how it is shown.
type photos struct {
	launch.Processing
	app     *app
	show    *processview.View
	spooled func() // call when the temporary pictures are deleted
}

// photos reads the flags.
func (a *app) photos(c *cli.Context) (_ *photos, err error) {
	p := &photos{app: a, Processing: launch.Processing{Args: c.Args().Slice(), InFlight: c.Int("in-flight"),
		Endpoints: c.StringSlice("endpoint"), Token: a.Getenv(api.TokenVariable)}}
	if err := a.checkEndpointFlags(c); err != nil {
		return nil, err
	}
	if p.Request, err = a.serverRequest(c); err != nil {
		return nil, err
	}
	place := c.String("output")
	if place == "" && slices.Equal(p.Args, []string{"-"}) {
		place = "-"
	}
	recipe, err := recipe(c, place)
	if err != nil {
		return nil, err
	}
	spool := "" // holds photos and portraits that have no file
	if place == "-" || slices.Contains(p.Args, "-") {
		if spool, err = os.MkdirTemp("", "facecraft-"); err != nil {
			return nil, output.NoTemporary(err)
		}
		p.spooled = a.unfinished.Add("pictures in "+spool, "rm -r "+dockerrun.Quote(spool))
	}
	p.Settings = a.launcher() // after the request, whose secrets it contains
	p.show = a.view(c, spool)
	p.Audience = p.show
	if preset, _ := batch.FindPreset(c.String("preset")); preset.Official {
		p.Advice = preset.Notice()
	}
	p.Selection = batch.Selection{Recipe: recipe, Force: c.Bool("force"), Checksum: c.Bool("checksum")}
	if place == "-" {
		p.show.ToStdout, p.OnlyOne, p.Selection.Force = true, true, true
		place = filepath.Join(spool, "portrait."+recipe.Formats[0])
	}
	p.Planner.Output = batch.Output{Path: place, Formats: recipe.Formats}
	p.Finder = batch.Finder{Recursive: c.Bool("recursive") || c.Bool("watch"), Null: c.Bool("null"),
		Stdin: a.stdin(c.Context), Avoid: place, Spool: spool}
	if err := p.check(c, place); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (a *app) view(c *cli.Context, spool string) *processview.View {
	return processview.New(&processview.View{UI: a.ui, Stdout: a.Stdout, Getenv: a.Getenv, Spool: spool,
		JSON: c.Bool("json"), Null: c.Bool("null"), Preview: c.Bool("preview"), Watching: c.Bool("watch"),
		Page: output.File{Path: c.String("report"), Stream: a.Stdout, Force: c.Bool("force"), Flag: "--force",
			Earlier: report.IsPage}})
}

// check refuses contradictory flags.
func (p *photos) check(c *cli.Context, output string) error {
	formats := p.Planner.Formats
	switch named := batch.FormatOf(output); {
	case p.InFlight < 1 || p.InFlight > 64:
		return fault.New(fault.Usage, "use a number from 1 to 64", "--in-flight %d is out of range", p.InFlight)
	case p.show.ToStdout && (p.show.JSON || p.show.Null || c.Bool("watch") || len(formats) > 1 || len(p.Args) > 1):
		return fault.New(fault.Usage, "name a directory with -o", "standard output takes a single image and nothing else")
	case p.show.Page.Path == stream && p.show.JSON:
		return fault.New(fault.Usage, "drop one of them", "--json and --report - contradict each other")
	case p.show.Page.Path != "" && p.show.ToStdout:
		return fault.New(fault.Usage, "name a file with -o",
			"a report shows portraits in files, but this one goes to standard output")
	case output == "" && slices.Contains(p.Args, stream):
		return fault.New(fault.Usage, "name a directory with -o",
			"a photo from standard input needs a directory for its portrait")
	case p.show.ToStdout && term.IsTerminal(p.app.Stdout):
		return fault.New(fault.Usage, "write it to a file: -o portrait."+formats[0],
			"refusing to write an image to the terminal")
	case output != "" && named == "" && filepath.Ext(output) != "" && len(p.Args) == 1 && !isDirectory(output) &&
		!isDirectory(p.Args[0]) && !os.IsPathSeparator(output[len(output)-1]):
		return fault.New(fault.Usage, "name a file that ends in .png or .jpg, or a directory that ends in /",
			"the result is a PNG or a JPEG, so it cannot be named %s", term.Name(output))
	}
	if batch.FormatOf(output) != "" && len(p.Args) > 1 && !isDirectory(output) &&
		!os.IsPathSeparator(output[len(output)-1]) {
		return fault.New(fault.Usage, "name a directory with -o", "%d photos do not fit into the one file %s", len(p.Args),
			term.Name(output))
	}
	return nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (p *photos) close() {
	p.Close()
	p.show.Close()
	if p.spooled != nil {
		p.spooled()
	}
}
