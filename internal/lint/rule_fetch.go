package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// fetchRule finds downloads that nothing checks (fetch), without encryption
// (fetch-http), with any certificate (fetch-insecure), and those whose failure
// the build does not see (fetch-status).
func fetchRule(j *judge) {
	for _, i := range j.images {
		i.each(func(step *dockerfile.Step) {
			for _, d := range downloads(step) {
				j.download(d)
			}
		})
	}
}

func (d *download) location() finding.Location {
	if d.cmd == nil {
		return d.step.Location()
	}
	return d.step.Script.Location(d.cmd.From, d.cmd.To)
}

// what names the download in a sentence.
func (d *download) what() string {
	switch {
	case d.library != "":
		return "what " + d.library + " downloads"
	case len(d.names) > 0 && !strings.Contains(d.names[0], shell.Unknown):
		return d.names[0]
	case d.sink != "":
		return "what is downloaded into " + d.sink
	}
	return "a download"
}

func (j *judge) download(d *download) {
	verified := d.verified()
	if !verified {
		f := j.fail("fetch", d.location(), "%s is not checked against a checksum", d.what()).about(d.step)
		if !d.model() {
			f.severity(finding.Warning)
		}
		f.fix(d.checksumFix()...)
	}
	if strings.HasPrefix(d.url, "http://") {
		j.fail("fetch-http", d.location(), "%s is downloaded without encryption", d.what()).about(d.step)
	}
	if d.insecure != nil {
		at := d.step.Script.Location(d.insecure.From, d.insecure.To)
		j.fail("fetch-insecure", at, "%s is accepted from anyone: %s turns the check of the certificate off", d.what(), d.insecure.Text).about(d.step)
	}
	if d.cmd != nil && d.cmd.Lost != "" && !verified {
		f := j.fail("fetch-status", d.location(), "the build goes on when %s cannot be downloaded", d.what()).about(d.step)
		f.evidence("%s", d.cmd.Lost)
		f.fix(d.pipefailFix()...)
	}
}

// checksumFix adds the check of a file whose checksum is known, right after it
// is there.
func (d *download) checksumFix() []source.Edit {
	name := d.step.Stage.File.Name
	if d.cmd == nil {
		known, ok := knownModels[d.file]
		if !ok {
			return nil
		}
		at := d.step.Stage.File.LineStart(d.step.Line) + len("ADD")
		if !strings.EqualFold(string(d.step.Stage.File.Data[at-3:at]), "ADD") {
			return nil
		}
		return []source.Edit{{File: name, From: at, To: at, New: " --checksum=sha256:" + known.sha256}}
	}
	after, file := d.cmd, d.file
	if packed := strings.HasSuffix(file, ".bz2"); packed {
		if after = d.unpacked(); after == nil {
			return nil
		}
		file = strings.TrimSuffix(file, ".bz2")
	}
	known, ok := knownModels[d.base(file)]
	if !ok || !after.Plain || d.step.Script.Exec || strings.ContainsAny(file, " '\"$"+shell.Unknown) {
		return nil
	}
	at := d.step.Script.Offset(after.To-1) + 1
	return []source.Edit{{File: name, From: at, To: at, New: fmt.Sprintf(` && echo "%s  %s" | sha256sum -c -`, known.sha256, file)}}
}

func (d *download) base(file string) string { return file[strings.LastIndexByte(file, '/')+1:] }

// unpacked is the command that unpacks the downloaded file in place.
func (d *download) unpacked() *shell.Command {
	for _, c := range d.step.Script.Commands {
		if (c.Name() == "bunzip2" || c.Name() == "bzip2" && c.Has("-d", "-dk", "-df", "--decompress")) && c.Output == nil && c.Words[len(c.Words)-1].Text == d.file {
			return c
		}
	}
	return nil
}

// pipefailFix makes a pipe fail with its first command, where the shell is sure
// to know how.
func (d *download) pipefailFix() []source.Edit {
	knows := d.step.Shell() == "bash" || d.step.Shell() == "sh" && baseOf(d.step.Stage.Root()).system() == "alpine"
	if slices.Contains([]string{"head", "grep", "sed", "awk"}, d.sink) { // they leave early, and the pipe would fail
		return nil
	}
	if d.cmd.Pipeline == 0 || !knows || d.step.Script.Exec || d.cmd.Lost != shell.ByPipe {
		return nil
	}
	at := d.step.Script.Offset(firstCommand(d.step.Script))
	return []source.Edit{{File: d.step.Stage.File.Name, From: at, To: at, New: "set -o pipefail && "}}
}

// firstCommand is where a script's first word begins.
func firstCommand(s *dockerfile.Script) int {
	return len(s.Text) - len(strings.TrimLeft(s.Text, " \t\n\r"))
}

// digestRule finds checksums that contradict what is known of a file:
// fetch-digest.
func digestRule(j *judge) {
	for _, i := range j.images {
		i.each(func(step *dockerfile.Step) {
			for _, check := range checksums(step) {
				for _, e := range check.entries {
					j.digest(check, e)
				}
			}
			j.addedDigest(step)
		})
	}
}

func (j *judge) digest(check checksum, e entry) {
	name := e.file[strings.LastIndexByte(e.file, '/')+1:]
	known, ok := knownModels[name]
	truth := known.contradicts(e.digest)
	if !ok || truth == "" || strings.Contains(e.digest, shell.Unknown) {
		return
	}
	script := check.step.Script
	f := j.fail("fetch-digest", script.Location(e.word.From, e.word.To), "the checksum of %s is wrong", name).about(check.step)
	f.evidence("given: %s", e.digest).evidence("right: %s", truth)
	if e.digest == known.wrong {
		f.evidence("%s", known.note)
	}
	from, to := script.Offset(e.word.From), script.Offset(e.word.To-1)+1
	data := check.step.Stage.File.Data
	if at := strings.Index(strings.ToLower(string(data[from:max(from, to)])), e.digest); at >= 0 && !script.Exec {
		f.fix(source.Edit{File: check.step.Stage.File.Name, From: from + at, To: from + at + len(e.digest), New: truth})
	}
}

// addedDigest looks at ADD --checksum.
func (j *judge) addedDigest(step *dockerfile.Step) {
	add, ok := step.Command.(*instructions.AddCommand)
	if !ok || len(add.SourcePaths) != 1 {
		return
	}
	name := baseOfURL(step.Expand(add.SourcePaths[0]))
	given, _ := strings.CutPrefix(step.Expand(add.Checksum), "sha256:")
	known, ok := knownModels[name]
	if truth := known.contradicts(given); ok && truth != "" {
		f := j.fail("fetch-digest", step.Location(), "the checksum of %s is wrong", name).about(step)
		f.evidence("given: %s", given).evidence("right: %s", truth)
	}
}
