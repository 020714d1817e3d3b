package dockerfile

import (
	"errors"
	"sort"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/shell"
)

var errOnbuild = errors.New("ONBUILD with an instruction that is none")

// Script is what a step runs, in a shell or without one.
type Script struct {
	step     *Step
	Text     string
	Commands []*shell.Command
	Exec     bool   // the JSON form, without a shell
	Unread   string // why the commands are unknown, or ""

	pieces []piece
}

// piece maps the bytes of a text, from an offset onwards, to bytes of the file.
type piece struct{ at, file int }

// text is a part of the file, assembled from pieces.
type text struct {
	strings.Builder
	pieces []piece
}

func (t *text) add(f *File, from, to int) {
	t.pieces = append(t.pieces, piece{t.Len(), from})
	t.Write(f.Data[from:to])
}

// cut drops the first bytes.
func (t *text) cut(n int) (string, []piece) {
	var rest []piece
	for i, p := range t.pieces {
		end := t.Len()
		if i+1 < len(t.pieces) {
			end = t.pieces[i+1].at
		}
		if end <= n && end < t.Len() {
			continue
		}
		rest = append(rest, piece{max(p.at-n, 0), p.file + max(n-p.at, 0)})
	}
	return t.String()[n:], rest
}

// logical returns an instruction's line, joined with its continuations as BuildKit
// does, without comments and empty lines between them, and the number of its last
// physical line.
func (f *File) logical(line int) (*text, int) {
	t := &text{}
	for last := line; ; last++ {
		raw := f.Line(last)
		from := f.LineStart(last)
		trimmed := strings.TrimSpace(raw)
		if last > line && (trimmed == "" || trimmed[0] == '#') {
			if last >= f.Lines() {
				return t, last
			}
			continue
		}
		end, more := f.continues(raw)
		t.add(f, from, from+end)
		if !more || last >= f.Lines() {
			return t, last
		}
	}
}

// continues returns where a line's text ends, and whether the next line continues it.
func (f *File) continues(line string) (end int, more bool) {
	bare := strings.TrimRight(line, " \t")
	if n := len(bare); n > 0 && bare[n-1] == f.escape && (n < 2 || bare[n-2] != f.escape) {
		return n - 1, true
	}
	return len(line), false
}

// readScript reads what RUN, CMD, ENTRYPOINT and HEALTHCHECK run.
func (s *Step) readScript() {
	keywords, line, files := s.form()
	if keywords == nil {
		return
	}
	t, last := s.Stage.File.logical(s.Line)
	if s.Onbuild {
		keywords = append([]string{"ONBUILD"}, keywords...)
	}
	skipped := skip(t.String(), keywords)
	script := &Script{step: s, Exec: !line.PrependShell}
	script.Text, script.pieces = t.cut(skipped)
	s.Script = script
	switch {
	case script.Exec:
		script.exec(line.CmdLine)
	case s.shell.name == "":
		script.Unread = "its shell is none that facecraft reads"
	case len(files) > 0:
		script.hereDocument(t, skipped, last, files)
	default:
		script.parse(script.Text, shell.Options{Pipefail: s.shell.pipefail, Errexit: s.shell.errexit})
	}
}

// form returns the keywords, command line and here-documents of a step that runs
// something.
func (s *Step) form() (keywords []string, line instructions.ShellDependantCmdLine,
	files []instructions.ShellInlineFile) {
	switch c := s.Command.(type) {
	case *instructions.RunCommand:
		return []string{"RUN"}, c.ShellDependantCmdLine, c.Files
	case *instructions.CmdCommand:
		return []string{"CMD"}, c.ShellDependantCmdLine, nil
	case *instructions.EntrypointCommand:
		return []string{"ENTRYPOINT"}, c.ShellDependantCmdLine, nil
	case *instructions.HealthCheckCommand:
		if test := c.Health.Test; len(test) > 1 {
			line := instructions.ShellDependantCmdLine{CmdLine: test[1:], PrependShell: test[0] == "CMD-SHELL"}
			return []string{"HEALTHCHECK", "CMD"}, line, nil
		}
	}
	return nil, line, nil
}

// skip returns the length of the keywords and flags before a script.
func skip(line string, keywords []string) int {
	at := 0
	space := func() {
		for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
			at++
		}
	}
	for _, keyword := range keywords {
		space()
		if at+len(keyword) <= len(line) && strings.EqualFold(line[at:at+len(keyword)], keyword) {
			at += len(keyword)
		}
		for space(); strings.HasPrefix(line[at:], "--"); space() {
			at += flagLength(line[at:])
		}
	}
	return at
}

// flagLength returns the length of a flag, quoted blanks included.
func flagLength(text string) int {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == ' ' || c == '\t':
			return i
		}
	}
	return len(text)
}

func (s *Script) parse(text string, options shell.Options) {
	options.Getenv = s.step.Getenv
	commands, err := shell.Parse(text, options)
	if err != nil {
		s.Unread = "its script cannot be read: " + err.Error()
		return
	}
	s.Commands = commands
}

// exec reads the JSON form. Its words have no separate positions.
func (s *Script) exec(words []string) {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	s.parse(strings.Join(quoted, " "), shell.Options{})
	for _, c := range s.Commands {
		c.From, c.To, c.Plain = 0, len(s.Text), false
		for i := range c.Words {
			c.Words[i].From, c.Words[i].To = 0, len(s.Text)
		}
	}
}

// hereDocument reads a script that is a here-document, or a command with
// here-documents.
func (s *Script) hereDocument(t *text, skipped, last int, files []instructions.ShellInlineFile) {
	f := s.step.Stage.File
	from, to := f.LineStart(last+1), f.LineEnd(s.step.EndLine)
	options := shell.Options{Pipefail: s.step.shell.pipefail, Errexit: s.step.shell.errexit}
	if line := strings.TrimSpace(s.Text); len(files) > 1 || !strings.HasPrefix(line, "<<") ||
		strings.ContainsAny(line, " \t;&|") {
		t.WriteString("\n")
		if from < to {
			t.add(f, from, to)
		}
		s.Text, s.pieces = t.cut(skipped)
		s.parse(s.Text, options)
		return
	}
	to = max(from, f.LineStart(s.step.EndLine))
	s.Text, s.pieces = string(f.Data[from:to]), []piece{{0, from}}
	first, _, _ := strings.Cut(s.Text, "\n")
	if interpreter, ok := strings.CutPrefix(strings.TrimSpace(first), "#!"); ok {
		state := shellOf(strings.Fields(strings.TrimPrefix(interpreter, "/usr/bin/env ")))
		if state.name == "" {
			name := strings.TrimSpace(interpreter[strings.LastIndexAny(interpreter, "/ ")+1:])
			s.Commands = []*shell.Command{{Words: []shell.Word{{Text: name, To: len(first)}}, To: len(first), Input: s.Text}}
			return
		}
		options = shell.Options{Pipefail: state.pipefail, Errexit: state.errexit}
	}
	s.parse(s.Text, options)
}

// Offset returns the offset in the file of a byte of the script.
func (s *Script) Offset(at int) int {
	if len(s.pieces) == 0 {
		return s.step.Stage.File.LineStart(s.step.Line)
	}
	i := sort.Search(len(s.pieces), func(i int) bool { return s.pieces[i].at > at }) - 1
	i = max(i, 0)
	return min(s.pieces[i].file+at-s.pieces[i].at, len(s.step.Stage.File.Data))
}

// Location returns the place of a part of the script. The JSON form is one part.
func (s *Script) Location(from, to int) finding.Location {
	if s.Exec {
		return s.step.Location()
	}
	return s.step.Stage.File.Location(s.Offset(from), s.Offset(max(to-1, from))+1)
}
