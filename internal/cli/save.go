package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/dockerrun"
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

func (a *app) loadCommand() *cli.Command {
	return &cli.Command{
		Name:      "load",
		Usage:     "take an image from a file that facecraft save wrote",
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
		return fault.New(fault.Usage, "facecraft load FILE, or send it from somewhere: ssh HOST facecraft save - | facecraft load -",
			"nobody types an image at a terminal")
	}
	s, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer s.close()
	file, facts, err := a.checked(c.Context, source)
	if err != nil {
		return err
	}
	defer file.close()
	if version, err := s.Docker.ServerVersion(c.Context); err == nil && version.Os+"/"+version.Arch != facts.Platform {
		a.ui.Warn("the image is for %s and the daemon is %s/%s", facts.Platform, version.Os, version.Arch)
	}
	s.images.Note(c.Context, facts.Reference)
	if err := s.images.LoadArchive(c.Context, a.counted(file, "loading "+facts.Reference, file.size)); err != nil {
		return err
	}
	a.ui.Done("%s (%s, %s) is here", facts.Reference, facts.Platform, plan.Size(file.size))
	rows := [][2]string{{"variant", facts.Variant + ": " + facts.Summary}, {"memory", "needs about " + plan.Memory(facts.MemoryNeeded)}}
	if facts.Digest != "" {
		rows = append(rows, [2]string{"pulled as", facts.Digest})
	}
	a.ui.Table(rows)
	return nil
}

// carried is a file that was verified, at its beginning.
type carried struct {
	*os.File
	size  int64
	close func()
}

// checked opens the file and verifies all of it, before the daemon sees any.
// What comes through a pipe can be read only once, and is kept in a temporary
// file meanwhile.
func (a *app) checked(ctx context.Context, source string) (carried, carry.Facts, error) {
	var file *os.File
	var reader io.Reader
	var closing func()
	if source == stream {
		spool, err := os.CreateTemp("", "facecraft-load-")
		if err != nil {
			return carried{}, carry.Facts{}, noTemporary(err)
		}
		file, reader = spool, io.TeeReader(a.stdin(ctx), spool)
		gone := a.unfinished.Add("the image in "+spool.Name(), "rm "+dockerrun.Quote(spool.Name()))
		closing = func() { spool.Close(); os.Remove(spool.Name()); gone() }
	} else {
		opened, err := os.Open(source)
		if err != nil {
			return carried{}, carry.Facts{}, fault.Wrap(fault.Failed, err, "check the name", "there is no image to load")
		}
		file, reader = opened, opened
		closing = func() { opened.Close() }
	}
	var total int64
	if info, err := file.Stat(); err == nil {
		total = info.Size()
	}
	facts, err := carry.Verify(a.counted(reader, "checking "+fileName(source), total))
	if err == nil {
		// The end of the archive follows the last entry.
		_, err = io.Copy(io.Discard, reader)
	}
	if err == nil {
		total, err = file.Seek(0, io.SeekCurrent)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		closing()
		return carried{}, carry.Facts{}, loadFault(source, err)
	}
	return carried{file, total, closing}, facts, nil
}

func fileName(source string) string {
	if source == stream {
		return "standard input"
	}
	return source
}

func loadFault(source string, err error) error {
	var path *fs.PathError
	var compressed *carry.Compressed
	switch {
	case errors.Is(err, carry.ErrUnchecked):
		return fault.Wrap(fault.Failed, err, dockerLoad(source), "%s was not loaded", fileName(source))
	case errors.As(err, &compressed):
		return fault.Wrap(fault.Failed, err, "unpack it first: "+unpacked(compressed.With, source)+" | facecraft load -", "%s was not loaded", fileName(source))
	case errors.Is(err, carry.ErrDamaged):
		return fault.Wrap(fault.Failed, err, "copy it again, or write it again with facecraft save", "%s was not loaded", fileName(source))
	case errors.As(err, &path) && source == stream:
		return fault.Wrap(fault.Failed, err, "set TMPDIR to a directory with more room, or copy the file first and load it", "the pipe could not be kept")
	}
	return err
}

// dockerLoad is the command that loads a file without checking it.
func dockerLoad(source string) string {
	if source == stream {
		return "send it to docker load"
	}
	return "docker load --input " + dockerrun.Quote(source)
}

// unpacked is the command that writes the file's content.
func unpacked(with, source string) string {
	command := with + " --decompress --stdout"
	if source == stream {
		return command
	}
	return command + " " + dockerrun.Quote(source)
}

// counted shows how far the reading of a stream is.
func (a *app) counted(r io.Reader, what string, total int64) io.Reader {
	return &countingReader{Reader: r, show: func(done int64) {
		a.ui.ProgressBar(done, total, "%s: %s", what, plan.Size(done))
	}}
}

// shownEvery is how many bytes lie between two reports of progress.
const shownEvery = 16 << 20

type countingReader struct {
	io.Reader
	show        func(done int64)
	done, shown int64
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.done += int64(n)
	if r.done-r.shown >= shownEvery {
		r.shown = r.done
		r.show(r.done)
	}
	return n, err
}
