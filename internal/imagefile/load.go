package imagefile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/output"
)

// carried is a verified file, positioned at its start.
type carried struct {
	*os.File
	size  int64
	close func()
}

// Load loads an image from a file that Save wrote into the daemon, and returns the
// file's size in bytes. It reads stdin if source is output.Stdout.
func (t Transfer) Load(ctx context.Context, source string, stdin io.Reader) (facts carry.Facts,
	size int64, err error) {
	file, facts, err := t.checked(source, stdin)
	if err != nil {
		return facts, 0, err
	}
	defer file.close()
	if version, err := t.Engine.ServerVersion(ctx); err == nil && version.Os+"/"+version.Arch != facts.Platform {
		t.UI.Warn("the image is for %s, but the daemon is %s/%s", facts.Platform, version.Os, version.Arch)
	}
	t.Images.Note(ctx, facts.Reference)
	return facts, file.size, t.Images.LoadArchive(ctx, t.counted(file, "Loading "+facts.Reference, file.size))
}

// checked opens the file and verifies all of it before the daemon gets any of it.
// A pipe can only be read once, so its content is kept in a temporary file
// meanwhile.
func (t Transfer) checked(source string, stdin io.Reader) (carried, carry.Facts, error) {
	var file *os.File
	var reader io.Reader
	var closing func()
	if source == output.Stdout {
		spool, err := os.CreateTemp("", "facecraft-load-")
		if err != nil {
			return carried{}, carry.Facts{}, output.NoTemporary(err)
		}
		file, reader = spool, io.TeeReader(stdin, spool)
		gone := t.Unfinished.Add("the image in "+spool.Name(), "rm "+dockerrun.Quote(spool.Name()))
		closing = func() { spool.Close(); os.Remove(spool.Name()); gone() }
	} else {
		opened, err := os.Open(source)
		if err != nil {
			return carried{}, carry.Facts{}, fault.Wrap(fault.Failed, err, "check the name", "cannot open the image")
		}
		file, reader = opened, opened
		closing = func() { opened.Close() }
	}
	var total int64
	if info, err := file.Stat(); err == nil {
		total = info.Size()
	}
	facts, err := carry.Verify(t.counted(reader, "Checking "+fileName(source), total))
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
	if source == output.Stdout {
		return "standard input"
	}
	return source
}

func loadFault(source string, err error) error {
	var path *fs.PathError
	var compressed *carry.Compressed
	switch {
	case errors.Is(err, carry.ErrUnchecked):
		return fault.Wrap(fault.Failed, err, dockerLoad(source), "did not load %s", fileName(source))
	case errors.As(err, &compressed):
		return fault.Wrap(fault.Failed, err, "unpack it first: "+unpacked(compressed.With, source)+" | facecraft load -",
			"did not load %s", fileName(source))
	case errors.Is(err, carry.ErrDamaged):
		return fault.Wrap(fault.Failed, err, "copy it again, or write it again with facecraft save", "did not load %s",
			fileName(source))
	case errors.As(err, &path) && source == output.Stdout:
		return fault.Wrap(fault.Failed, err, "set TMPDIR to a directory with more room, or copy the file first and load it",
			"cannot store the piped image")
	}
	return err
}

// dockerLoad is the command that loads a file without verifying it.
func dockerLoad(source string) string {
	if source == output.Stdout {
		return "send it to docker load"
	}
	return "docker load --input " + dockerrun.Quote(source)
}

// unpacked is the command that writes the file's content.
func unpacked(with, source string) string {
	command := with + " --decompress --stdout"
	if source == output.Stdout {
		return command
	}
	return command + " " + dockerrun.Quote(source)
}

// counted shows the progress of reading a stream.
func (t Transfer) counted(r io.Reader, what string, total int64) io.Reader {
	return &countingReader{r, counter{show: func(done int64) {
		t.UI.ProgressBar(done, total, "%s: %s", what, format.Size(done))
	}}}
}

// shownEvery is the number of bytes between two progress reports.
const shownEvery = 16 << 20

// counter reports the progress of a stream.
type counter struct {
	show        func(done int64)
	done, shown int64
}

func (c *counter) add(n int) {
	c.done += int64(n)
	if c.done-c.shown >= shownEvery {
		c.shown = c.done
		c.show(c.done)
	}
}

type countingReader struct {
	io.Reader
	counter
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.add(n)
	return n, err
}

type countingWriter struct {
	io.Writer
	counter
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.add(n)
	return n, err
}
