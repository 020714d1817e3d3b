package lint

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// checksum is a comparison of files with digests.
type checksum struct {
	step    *dockerfile.Step
	cmd     *shell.Command
	entries []entry
	all     bool // which files is not known: it may be any
}

// entry is a digest and the file that it is for.
type entry struct {
	digest string // with shell.Unknown where it is not known
	file   string
	word   shell.Word // in which the digest stands
}

var sums = regexp.MustCompile(`^(md5|sha1|sha224|sha256|sha384|sha512|b2|b3|sha)sum$|^shasum$`)

// verifiers check signatures, of files that are not named in a way that could
// be read here.
var verifiers = []string{"gpgv", "cosign", "minisign", "signify", "slsa-verifier"}

// checksums are those of a step, in order.
func checksums(step *dockerfile.Step) []checksum {
	if step.Script == nil {
		return nil
	}
	var list []checksum
	for n, c := range step.Script.Commands {
		check := checksum{step: step, cmd: c}
		switch {
		case c.Lost != "":
			continue
		case slices.Contains(verifiers, c.Name()), strings.HasPrefix(c.Name(), "gpg") && c.Has("--verify"), strings.Contains(c.Input, "hashlib"):
			check.all = true
		case !sums.MatchString(c.Name()):
			continue
		case checks(c):
			check.read(step.Script.Commands[:n])
		case c.Captured || c.Pipeline != 0: // compared by test
			for _, arg := range c.Args() {
				check.entries = append(check.entries, entry{shell.Unknown, arg.Text, arg})
			}
		}
		list = append(list, check)
	}
	return list
}

// checks tells whether a command like sha256sum is asked to check.
func checks(c *shell.Command) bool {
	for _, arg := range c.Args() {
		if arg.Text == "--check" || len(arg.Text) > 1 && arg.Text[0] == '-' && arg.Text[1] != '-' && strings.Contains(arg.Text, "c") {
			return true
		}
	}
	return false
}

// read finds the list that the command checks: what a pipe or a here-document
// gives it. That in a file is not known.
func (s *checksum) read(before []*shell.Command) {
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

var digest = regexp.MustCompile(`^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})$`)

// pairs reads digests, each followed by a file's name.
func (s *checksum) pairs(words []shell.Word) {
	var last *entry
	for _, word := range words {
		for _, token := range strings.Fields(strings.NewReplacer(`\n`, " ", `\t`, " ").Replace(word.Text)) {
			switch {
			case digest.MatchString(token), last == nil && strings.Contains(token, shell.Unknown):
				last = &entry{digest: strings.ToLower(token), word: word}
			case last != nil:
				last.file = strings.TrimPrefix(token, "*")
				s.entries = append(s.entries, *last)
				last = nil
			}
		}
	}
	if len(s.entries) == 0 {
		s.all = true
	}
}

// verifies tells whether a download is compared with a digest.
func (s checksum) verifies(d *download) bool {
	return s.all || slices.ContainsFunc(s.entries, func(e entry) bool {
		return d.known(e.file) || strings.Contains(path.Base(e.file), shell.Unknown) ||
			slices.ContainsFunc(d.names, func(name string) bool { return strings.Contains(name, shell.Unknown) })
	})
}

// verified tells whether a later command of the stage checks a download.
func (d *download) verified() bool {
	after := false
	for _, step := range d.step.Stage.Steps {
		if step == d.step {
			after = true
		}
		if !after {
			continue
		}
		for _, check := range checksums(step) {
			if step == d.step && d.cmd != nil && check.cmd.From < d.cmd.From {
				continue
			}
			if check.verifies(d) {
				return true
			}
		}
	}
	return false
}
