package download

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// Checksum is a comparison of files with digests.
type Checksum struct {
	Step    *dockerfile.Step
	cmd     *shell.Command
	Entries []Entry
	all     bool // unknown which files: possibly any
}

// Entry is a digest and the file that it is for.
type Entry struct {
	Digest string // with shell.Unknown for unknown parts
	File   string
	Word   shell.Word // that contains the digest
}

var sums = regexp.MustCompile(`^(md5|sha1|sha224|sha256|sha384|sha512|b2|b3|sha)sum$|^shasum$`)

// verifiers check signatures of files whose names cannot be determined here.
var verifiers = []string{"gpgv", "cosign", "minisign", "signify", "slsa-verifier"}

// Checksums returns the comparisons of a step, in order.
func Checksums(step *dockerfile.Step) []Checksum {
	if step.Script == nil {
		return nil
	}
	var list []Checksum
	for n, c := range step.Script.Commands {
		check := Checksum{Step: step, cmd: c}
		switch {
		case c.Lost != "":
			continue
		case slices.Contains(verifiers, c.Name()), strings.HasPrefix(c.Name(), "gpg") && c.Has("--verify"),
			strings.Contains(c.Input, "hashlib"):
			check.all = true
		case !sums.MatchString(c.Name()):
			continue
		case checks(c):
			check.read(step.Script.Commands[:n])
		case c.Captured || c.Pipeline != 0: // compared by test
			for _, arg := range c.Args() {
				check.Entries = append(check.Entries, Entry{shell.Unknown, arg.Text, arg})
			}
		}
		list = append(list, check)
	}
	return list
}

// checks reports whether a command like sha256sum runs in check mode.
func checks(c *shell.Command) bool {
	for _, arg := range c.Args() {
		if arg.Text == "--check" || len(arg.Text) > 1 && arg.Text[0] == '-' && arg.Text[1] != '-' &&
			strings.Contains(arg.Text, "c") {
			return true
		}
	}
	return false
}

// read finds the list that the command checks, from a pipe or a here-document. A
// list in a file is unknown.
func (s *Checksum) read(before []*shell.Command) {
	if s.cmd.Input != "" {
		s.pairs([]shell.Word{{Text: s.cmd.Input, From: s.cmd.From, To: s.cmd.To}})
		return
	}
	for _, c := range before {
		if c.Pipeline == 0 || c.Pipeline != s.cmd.Pipeline {
			continue
		}
		if c.Name() == "echo" || c.Name() == "printf" {
			s.pairs(c.Args())
			return
		}
	}
	s.all = true
}

var digest = regexp.MustCompile(`^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}` +
	`|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$`)

// pairs reads digests, each followed by a file's name.
func (s *Checksum) pairs(words []shell.Word) {
	var last *Entry
	for _, word := range words {
		for _, token := range strings.Fields(strings.NewReplacer(`\n`, " ", `\t`, " ").Replace(word.Text)) {
			switch {
			case digest.MatchString(token), last == nil && strings.Contains(token, shell.Unknown):
				last = &Entry{Digest: strings.ToLower(token), Word: word}
			case last != nil:
				last.File = strings.TrimPrefix(token, "*")
				s.Entries = append(s.Entries, *last)
				last = nil
			}
		}
	}
	if len(s.Entries) == 0 {
		s.all = true
	}
}

// verifies reports whether a download is compared with a digest.
func (s Checksum) verifies(d *Download) bool {
	return s.all || slices.ContainsFunc(s.Entries, func(e Entry) bool {
		return d.known(e.File) || strings.Contains(path.Base(e.File), shell.Unknown) ||
			slices.ContainsFunc(d.names, func(name string) bool { return strings.Contains(name, shell.Unknown) })
	})
}

// Verified reports whether a later command of the stage checks a download.
func (d *Download) Verified() bool {
	after := false
	for _, step := range d.Step.Stage.Steps {
		if step == d.Step {
			after = true
		}
		if !after {
			continue
		}
		for _, check := range Checksums(step) {
			if step == d.Step && d.Cmd != nil && check.cmd.From < d.Cmd.From {
				continue
			}
			if check.verifies(d) {
				return true
			}
		}
	}
	return false
}
