package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
)

// stream is the name that stands for standard input and output.
const stream = output.Stdout

func (a *app) saveCommand() *cli.Command {
	return &cli.Command{
		Name:      "save",
		Usage:     "write the image to a file, for a machine without internet",
		ArgsUsage: "FILE",
		UsageText: "facecraft save FILE|- [--tag auto|cpu|gpu|lite]",
		Flags:     slices.Concat(requestFlags(), []cli.Flag{quietFlag()}),
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
		return fault.New(fault.Usage, "facecraft save FILE, or send it somewhere: facecraft save - | ssh HOST facecraft load -",
			"an image is nothing to show on a terminal")
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	file := output.File{Path: target, Stream: a.Stdout}
	if err := file.Check(); err != nil {
		return err
	}
	r.Elsewhere = true
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	p, err := s.decide(c.Context, r)
	if err != nil {
		return err
	}
	facts, size, err := s.facts(c.Context, p)
	if err != nil {
		return err
	}
	err = file.Write(func(w io.Writer) error { return s.save(c.Context, w, facts, size) })
	if err == nil {
		a.ui.Done("%s is saved; on the other machine: facecraft load %s", facts.Reference, target)
	}
	return err
}

// oneFile is the argument of save and load.
func oneFile(c *cli.Context) (string, error) {
	if c.NArg() != 1 {
		return "", fault.New(fault.Usage, "facecraft "+c.Command.Name+" FILE, or - for a pipe", "%s takes one file", c.Command.Name)
	}
	file := c.Args().First()
	if file == "" {
		return "", fault.New(fault.Usage, "facecraft "+c.Command.Name+" FILE, or - for a pipe", "the name of the file is empty")
	}
	return file, nil
}

// facts describes the plan's image, which has to be here, and its size in
// bytes.
func (s *session) facts(ctx context.Context, p plan.Plan) (facts carry.Facts, size int64, err error) {
	image := p.First().Image
	if strings.Contains(image.Reference, "@") {
		return facts, 0, fault.New(fault.Usage, "name it by its tag", "an image loses its digest when it travels: %s", image.Reference)
	}
	inspect, err := s.images.Inspect(ctx, image.Reference)
	if err != nil {
		return facts, 0, err
	}
	if !inspect.Here {
		return facts, 0, fault.New(fault.Failed, "facecraft pull fetches it, with the same flags", "the image %s is not here", image.Reference)
	}
	catalogue, err := catalog.Load()
	if err != nil {
		return facts, 0, err
	}
	variant, _ := catalogue.Variant(p.First().Variant)
	return carry.Facts{
		Reference: image.Reference, Digest: inspect.Digest, Platform: inspect.Platform, Version: s.app.Version,
		Variant: variant.Name, Summary: variant.Summary, UnpackedSize: p.Needs.UnpackedSize, MemoryNeeded: variant.MemoryNeeded,
	}, inspect.Size, nil
}

func (s *session) save(ctx context.Context, w io.Writer, facts carry.Facts, size int64) error {
	image, err := s.Docker.ImageSave(ctx, []string{facts.Reference})
	if err != nil {
		return err
	}
	defer image.Close()
	return carry.Write(w, s.app.counted(image, "saving "+facts.Reference, size), facts)
}
