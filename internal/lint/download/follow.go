package download

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/djok/facecraft/internal/lint/shell"
)

// follow finds the names that a downloaded file gets later in its script:
// unpacked, renamed, or written by the end of the pipe.
func (d *Download) follow() {
	if d.file != "" {
		d.name(d.file)
	}
	after := false
	for _, c := range d.Step.Script.Commands {
		if c == d.Cmd {
			after = true
			continue
		}
		if !after {
			continue
		}
		if d.Cmd.Pipeline != 0 && c.Pipeline == d.Cmd.Pipeline {
			d.sink = c.Name()
			if c.Name() == "tee" && len(c.Args()) > 0 {
				d.name(c.Words[len(c.Words)-1].Text)
			}
			if c.Output != nil {
				d.name(c.Output.Text)
			}
		}
		switch args := c.Args(); {
		case (c.Name() == "mv" || c.Name() == "cp") && len(args) >= 2 && d.known(args[len(args)-2].Text):
			d.name(args[len(args)-1].Text)
		case c.Output != nil && slices.ContainsFunc(args, func(w shell.Word) bool { return d.known(w.Text) }):
			d.name(c.Output.Text)
		}
	}
}

func (d *Download) name(file string) {
	base := path.Base(file)
	d.names = append(d.names, base)
	if ext := path.Ext(base); slices.Contains(packedExtensions, ext) {
		d.names = append(d.names, strings.TrimSuffix(base, ext))
	}
}

func (d *Download) known(file string) bool { return slices.Contains(d.names, path.Base(file)) }

// anchors are files that their users verify, or that verify other files: keys of
// package managers, signatures, lists of checksums.
var anchors = regexp.MustCompile(`(?i)(\.(gpg|asc|sig|sign|pub|key|list|sources|repo` +
	`|sha256|sha512|sha256sum|md5|minisig|crt|pem)$|sums?(\d+)?(\.txt)?$|keyring)`)

// contentAddress matches a commit hash in a URL: the content cannot change.
var contentAddress = regexp.MustCompile(`/[0-9a-f]{40}([/.]|$)`)

// trusted reports whether a download needs no checksum.
func (d *Download) trusted() bool {
	if slices.Contains([]string{"gpg", "apt-key", "gpg2"}, d.sink) && !slices.ContainsFunc(d.names, IsModel) ||
		contentAddress.MatchString(d.URL) {
		return true
	}
	return anchors.MatchString(BaseOfURL(d.URL)) || slices.ContainsFunc(append(d.names, d.file), anchors.MatchString)
}

// Model reports whether the file contains model weights.
func (d *Download) Model() bool {
	return slices.ContainsFunc(d.names, IsModel) || IsModel(BaseOfURL(d.URL)) || d.library != "" &&
		d.library != "urlretrieve()"
}
