package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/term"
)

func (a *app) processCommand() *cli.Command {
	return &cli.Command{
		Name:      "process",
		ArgsUsage: "PHOTO...",
		Usage:     "make portraits of photos; starts a server if none runs",
		UsageText: "facecraft process photo.jpg [-o FILE.png]\n" +
			"facecraft process -r photos/ -o portraits/ --preset ad --report report.html\n" +
			"facecraft process --watch inbox/ -o portraits/\n" +
			"find . -name '*.jpg' -print0 | facecraft process -0 @-",
		Description: "Photos are files, directories (with -r), globs, @LIST (a file of names) or -\n" +
			"(standard input). Only what is missing or changed is made: the same command\n" +
			"goes on where it stopped. Endpoints get the bearer token in " + api.TokenVariable + ".",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "beside it",
				Usage: "`PLACE`: directory, FILE or -"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, EnvVars: env("force"), Usage: "make all again and replace it"},
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"r"}, EnvVars: env("recursive"), Usage: "take the photos in directories"},
			&cli.BoolFlag{Name: "null", Aliases: []string{"0"}, EnvVars: env("null"), Usage: "names in @LISTs and output end in NUL"},
			&cli.BoolFlag{Name: "checksum", EnvVars: env("checksum"), Usage: "tell changed photos by content"},
			&cli.BoolFlag{Name: "watch", EnvVars: env("watch"), Usage: "go on with photos that arrive"},
		}, recipeFlags(), []cli.Flag{
			&cli.StringSliceFlag{Name: "endpoint", EnvVars: env("endpoint"),
				Usage: "`URL` of a server elsewhere; repeatable"},
			&cli.IntFlag{Name: "in-flight", EnvVars: env("in-flight"), Value: batch.InFlight, Usage: "`PHOTOS` a server gets at once"},
			&cli.StringFlag{Name: "report", EnvVars: env("report"), Usage: "write a page of all to `HTML`, or -"},
			&cli.BoolFlag{Name: "preview", EnvVars: env("preview"), Usage: "show portraits in the terminal"},
			jsonFlag(),
		}, requestFlags(), fetchFlags(), startFlags()),
		Before: a.hush,
		Action: a.process,
	}
}

func (a *app) process(c *cli.Context) error {
	if c.NArg() == 0 {
		return fault.New(fault.Usage, "facecraft process photo.jpg", "there is no photo to process")
	}
	if _, err := os.Getwd(); err != nil { // before a photo that is not found
		return err
	}
	p, err := a.photos(c)
	if err != nil {
		return err
	}
	defer p.close()
	if c.Bool("watch") {
		return p.watch(c.Context)
	}
	return p.once(c.Context)
}

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

	request   launch.ServerRequest
	endpoints []string
	launcher  *launch.Launcher // nil before there was a need to reach the daemon

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
	place := c.String("output")
	if place == "" && slices.Equal(p.args, []string{"-"}) {
		place = "-"
	}
	recipe, err := recipe(c, place)
	if err != nil {
		return nil, err
	}
	spool := "" // where a photo or a portrait lies that has no file of its own
	if place == "-" || slices.Contains(p.args, "-") {
		if spool, err = os.MkdirTemp("", "facecraft-"); err != nil {
			return nil, output.NoTemporary(err)
		}
		p.spooled = a.unfinished.Add("pictures in "+spool, "rm -r "+dockerrun.Quote(spool))
	}
	p.show = newShow(a, c, spool)
	p.preset, _ = findPreset(c.String("preset"))
	p.selection = batch.Selection{Recipe: recipe, Force: c.Bool("force"), Checksum: c.Bool("checksum")}
	if place == "-" {
		p.show.toStdout, p.selection.Force = true, true
		place = filepath.Join(spool, "portrait."+recipe.Formats[0])
	}
	p.planner.Output = batch.Output{Path: place, Formats: recipe.Formats}
	p.finder = batch.Finder{Recursive: c.Bool("recursive") || c.Bool("watch"), Null: c.Bool("null"), Stdin: a.stdin(c.Context), Avoid: place, Spool: spool}
	if err := p.check(c, place); err != nil {
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

func (p *photos) close() {
	if p.launcher != nil {
		p.launcher.Close()
	}
	p.show.close()
	if p.spooled != nil {
		p.spooled()
	}
}

// look finds the photos and their results' places.
func (p *photos) look() ([]*batch.Job, error) {
	found, ignored, err := p.finder.Find(p.args)
	if err != nil {
		return nil, fault.Wrap(fault.Failed, err, "check the name", "the photos cannot be listed")
	}
	if len(found) == 0 {
		p.show.passedOver(p.finder.PassedOver)
		return nil, fault.New(fault.Usage, "name photos, or directories with -r", "there is no photo to process%s", other(ignored))
	}
	if p.show.toStdout && len(found) > 1 {
		return nil, fault.New(fault.Usage, "name a directory with -o", "%d photos do not go into one picture on standard output", len(found))
	}
	p.show.passedOver(p.finder.PassedOver)
	return p.planner.Plan(found, p.finder.PassedOver...)
}

// other counts what is there and is no photo.
func other(ignored int) string {
	if ignored == 0 {
		return ""
	}
	return " (" + format.Count(ignored, "other file was", "other files were") + " passed over)"
}

// once processes what is there now.
func (p *photos) once(ctx context.Context) error {
	jobs, err := p.look()
	if err == nil {
		err = p.show.expect(jobs)
	}
	if err != nil {
		return err
	}
	selected, servers, err := p.selectJobs(ctx, jobs)
	if err != nil {
		return err
	}
	p.show.begin(len(jobs), selected)
	if len(selected.Todo) > 0 {
		queue := make(chan *batch.Job)
		go func() {
			defer close(queue)
			for _, job := range selected.Todo {
				queue <- job
			}
		}()
		err = p.run(ctx, servers).Do(ctx, queue)
	}
	return p.show.end(ctx, err)
}

// selectJobs finds what is to be done and who does it. No server is started,
// nor need the daemon be there, where nothing is to be done.
func (p *photos) selectJobs(ctx context.Context, jobs []*batch.Job) (selected batch.Selected, servers []*batch.Server, err error) {
	if selected = p.selection.Select(jobs); len(selected.Todo) == 0 {
		p.selection.ImageIDs = p.imageIDs(ctx)
		if selected = p.selection.Select(jobs); len(selected.Todo) == 0 {
			return selected, nil, ctx.Err()
		}
	}
	if servers, err = p.servers(ctx); err != nil {
		return selected, nil, err
	}
	p.selection.ImageIDs = imageIDs(servers)
	return p.selection.Select(jobs), servers, nil
}

// imageIDs are those of the servers that run already, as far as they tell.
func (p *photos) imageIDs(ctx context.Context) []string {
	if len(p.endpoints) > 0 {
		nobody := term.New(io.Discard, p.Getenv, true)
		servers, _ := launch.Endpoints(ctx, nobody, p.Getenv(api.TokenVariable), p.endpoints, 0)
		return imageIDs(servers)
	}
	var err error
	if p.launcher, err = p.connect(ctx); err != nil {
		return nil
	}
	var list []string
	replicas, _ := p.launcher.Replicas(ctx, p.request)
	for _, replica := range replicas {
		list = append(list, replica.ImageID)
	}
	return list
}

func imageIDs(servers []*batch.Server) (list []string) {
	for _, s := range servers {
		if s.ImageID != "" {
			list = append(list, s.ImageID)
		}
	}
	return list
}

// servers are ready when they are returned.
func (p *photos) servers(ctx context.Context) (_ []*batch.Server, err error) {
	if p.preset.official {
		p.ui.Say("the size and the background follow %s; check the rest there, and whether an edited photo is taken", p.preset.source)
	}
	if len(p.endpoints) > 0 {
		return launch.Endpoints(ctx, p.ui, p.Getenv(api.TokenVariable), p.endpoints, p.request.Timeout)
	}
	if p.launcher == nil {
		if p.launcher, err = p.connect(ctx); err != nil {
			return nil, err
		}
	}
	servers, err := p.launcher.Processors(ctx, p.request)
	return servers, p.orLite(err)
}

func (p *photos) run(ctx context.Context, servers []*batch.Server) *batch.Run {
	return &batch.Run{
		Servers:  servers,
		InFlight: p.inFlight,
		Recipe:   p.selection.Recipe,
		Force:    p.selection.Force,
		Checksum: p.selection.Checksum,
		Report:   func(r batch.Result) { p.show.result(p.explained(ctx, r)) },
		Notice:   func(s *batch.Server, what string) { p.ui.Warn("%s %s", s.URL, what) },
		Timeout:  p.request.Timeout,
		Swaps:    launch.SwapsRedAndBlue,
		Waiting:  p.show.waiting,
	}
}

// explained adds what a server's log says of its failure, where it can be read.
func (p *photos) explained(ctx context.Context, r batch.Result) batch.Result {
	if p.launcher == nil {
		return r
	}
	return p.launcher.Explained(ctx, r)
}
