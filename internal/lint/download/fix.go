package download

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/baseimage"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// Location returns the place where the step names the download.
func (d *Download) Location() finding.Location {
	if d.Cmd == nil {
		return d.Step.Location()
	}
	return d.Step.Script.Location(d.Cmd.From, d.Cmd.To)
}

// What names the download in a sentence.
func (d *Download) What() string {
	switch {
	case d.library != "":
		return "what " + d.library + " downloads"
	case len(d.names) > 0 && !strings.Contains(d.names[0], shell.Unknown):
		return d.names[0]
	case d.sink != "":
		return "the download piped into " + d.sink
	}
	return "a download"
}

// ChecksumFix adds the check of a file whose checksum is known, right after the
// file is complete.
func (d *Download) ChecksumFix() []source.Edit {
	name := d.Step.Stage.File.Name
	if d.Cmd == nil {
		known, ok := KnownModels[d.file]
		if !ok {
			return nil
		}
		at := d.Step.Stage.File.LineStart(d.Step.Line) + len("ADD")
		if !strings.EqualFold(string(d.Step.Stage.File.Data[at-3:at]), "ADD") {
			return nil
		}
		return []source.Edit{{File: name, From: at, To: at, New: " --checksum=sha256:" + known.SHA256}}
	}
	after, file := d.Cmd, d.file
	if packed := strings.HasSuffix(file, ".bz2"); packed {
		if after = d.unpacked(); after == nil {
			return nil
		}
		file = strings.TrimSuffix(file, ".bz2")
	}
	known, ok := KnownModels[path.Base(file)]
	if !ok || !after.Plain || d.Step.Script.Exec || strings.ContainsAny(file, " '\"$"+shell.Unknown) {
		return nil
	}
	at := d.Step.Script.Offset(after.To-1) + 1
	return []source.Edit{{File: name, From: at, To: at,
		New: fmt.Sprintf(` && echo "%s  %s" | sha256sum -c -`, known.SHA256, file)}}
}

// unpacked returns the command that unpacks the downloaded file in place.
func (d *Download) unpacked() *shell.Command {
	for _, c := range d.Step.Script.Commands {
		if (c.Name() == "bunzip2" || c.Name() == "bzip2" && c.Has("-d", "-dk", "-df", "--decompress")) && c.Output == nil &&
			c.Words[len(c.Words)-1].Text == d.file {
			return c
		}
	}
	return nil
}

// PipefailFix makes a pipe fail with its first command, if the shell certainly
// supports that.
func (d *Download) PipefailFix() []source.Edit {
	knows := d.Step.Shell() == "bash" || d.Step.Shell() == "sh" &&
		baseimage.Parse(d.Step.Stage.Root()).System() == "alpine"
	if slices.Contains([]string{"head", "grep", "sed", "awk"}, d.sink) { // they exit early, and the pipe would fail
		return nil
	}
	if d.Cmd.Pipeline == 0 || !knows || d.Step.Script.Exec || d.Cmd.Lost != shell.ByPipe {
		return nil
	}
	at := d.Step.Script.Offset(firstCommand(d.Step.Script))
	return []source.Edit{{File: d.Step.Stage.File.Name, From: at, To: at, New: "set -o pipefail && "}}
}

// firstCommand returns the offset of a script's first word.
func firstCommand(s *dockerfile.Script) int {
	return len(s.Text) - len(strings.TrimLeft(s.Text, " \t\n\r"))
}
