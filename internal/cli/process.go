package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/fault"
)

func (a *app) processCommand() *cli.Command {
	return &cli.Command{
		Name:      "process",
		Usage:     "make portraits of photos; starts a server if none runs",
		UsageText: "facecraft process photo.jpg [more.png ...] [-o FILE.png|DIR]",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, EnvVars: env("output"), DefaultText: "beside it",
				Usage: "`PLACE`: directory or .png"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, EnvVars: env("force"), Usage: "replace existing results"},
		}, requestFlags(), fetchFlags(), startFlags()),
		Before: a.hush,
		Action: a.process,
	}
}

func (a *app) process(c *cli.Context) error {
	if c.NArg() == 0 {
		return fault.New(fault.Usage, "facecraft process photo.jpg", "there is no photo to process")
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	f, err := fetchingOf(c)
	if err != nil {
		return err
	}
	jobs, err := batch.Prepare(c.Args().Slice(), batch.Options{Output: c.String("output"), Force: c.Bool("force")})
	if err != nil {
		return err
	}
	p := photos{app: a, force: c.Bool("force")}
	for _, job := range jobs {
		if job.Problem != nil {
			p.failed(job, job.Problem)
		} else {
			p.jobs = append(p.jobs, job)
		}
	}
	if len(p.jobs) > 0 {
		if err := p.process(c.Context, serverRequest{Request: r, Timeout: c.Duration("timeout"), Fetch: f}); err != nil {
			return err
		}
	}
	return p.verdict(len(jobs))
}

// photos are the jobs of one command.
type photos struct {
	app      *app
	jobs     []batch.Job
	force    bool
	failures int
}

func (p *photos) failed(job batch.Job, why error) {
	p.failures++
	p.app.ui.Warn("%s: %v", job.Photo, why)
}

func (p *photos) process(ctx context.Context, r serverRequest) error {
	s, err := p.app.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	server, err := s.server(ctx, r)
	if err != nil {
		return err
	}
	if server.Plan != nil {
		p.app.ui.Done("facecraft (%s) is ready at %s; facecraft down stops it", server.Variant, server.URL)
	}
	client := api.New(server.URL)
	defer client.Close()
	for i, job := range p.jobs {
		p.app.ui.Progress("%s (%d of %d)", job.Photo, i+1, len(p.jobs))
		err := job.Do(ctx, client, p.force)
		var rejected *api.Rejected
		switch {
		case err == nil:
			p.app.ui.Clear()
			fmt.Fprintln(p.app.Stdout, job.Result)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &rejected):
			p.failed(job, err)
		case api.Unreachable(err):
			return fault.Wrap(fault.Server, err, "facecraft logs shows why; run the same command again to go on",
				"the server at %s stopped answering at %s", server.URL, job.Photo)
		default:
			p.failed(job, err)
		}
	}
	return nil
}

func (p *photos) verdict(total int) error {
	switch {
	case p.failures == 0:
		return nil
	case total == 1:
		return fault.New(fault.Photos, "", "the photo gave no portrait")
	}
	return fault.New(fault.Photos, "", "%d of %d photos gave no portrait", p.failures, total)
}
