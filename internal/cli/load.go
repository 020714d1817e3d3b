package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/term"
)

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
