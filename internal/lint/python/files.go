package python

import (
	"strings"

	"github.com/djok/facecraft/internal/lint/source"
)

// Reference is a file that another file names.
type Reference struct {
	Path     string
	From, To int
}

// Options are pip's and uv's options that decide where packages come from.
type Options struct {
	Index       []string // replaces PyPI
	Extra       []string // in addition to Index
	FindLinks   []string
	NoIndex     bool
	Files       []Reference // -r
	Constraints []Reference // -c
	Editable    []Requirement
}

// File is a requirement file.
type File struct {
	*source.File
	Options
	Requirements []Requirement
}

// ReadFile reads a requirement file. Lines that are not requirements have no name.
func ReadFile(f *source.File) *File {
	r := &File{File: f}
	for line := 1; line <= f.Lines(); line++ {
		from := f.LineStart(line)
		text := f.Line(line)
		for strings.HasSuffix(text, `\`) && line < f.Lines() {
			line++
			text = strings.TrimSuffix(text, `\`) + " " + f.Line(line)
		}
		r.line(uncommented(text), from)
	}
	return r
}

// uncommented returns a line without its comment, which begins with # at the start
// or after a blank.
func uncommented(text string) string {
	for i := range text {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			return text[:i]
		}
	}
	return text
}

func (r *File) line(text string, from int) {
	bare := strings.TrimSpace(text)
	from += len(text) - len(strings.TrimLeft(text, " \t"))
	if bare == "" {
		return
	}
	if bare[0] != '-' {
		// Options of one requirement follow it, such as --hash.
		bare, _, _ = strings.Cut(bare, " --")
		requirement := Parse(bare)
		requirement.From, requirement.To = from, from+len(strings.TrimSpace(bare))
		r.Requirements = append(r.Requirements, requirement)
		return
	}
	fields := strings.Fields(strings.Replace(bare, "=", " ", 1))
	words := make([]word, len(fields))
	for i, field := range fields {
		words[i] = word{strings.Trim(field, `"'`), from, from + len(bare)}
	}
	r.Options.read(words)
}

// word is a part of a command line or of an option's line.
type word struct {
	text     string
	from, to int
}

// read collects the options among words, and returns the other words.
func (o *Options) read(words []word) (others []word) {
	for i := 0; i < len(words); i++ {
		name, value, joined := split(words[i].text)
		at := words[i]
		if !strings.HasPrefix(name, "-") || name == "-" {
			others = append(others, at)
			continue
		}
		if !joined && takesValue(name) && i+1 < len(words) {
			i++
			value, at = words[i].text, words[i]
		}
		o.set(name, value, at)
	}
	return others
}

// split splits --option=value and -rfile.
func split(text string) (name, value string, joined bool) {
	if strings.HasPrefix(text, "--") {
		return strings.Cut(text, "=")
	}
	if len(text) > 2 && text[0] == '-' && strings.IndexByte("rceif", text[1]) >= 0 {
		return text[:2], strings.TrimPrefix(text[2:], "="), true
	}
	return text, "", false
}

func (o *Options) set(name, value string, at word) {
	reference := Reference{value, at.from, at.to}
	switch name {
	case "-r", "--requirement", "--requirements":
		o.Files = append(o.Files, reference)
	case "-c", "--constraint", "--constraints":
		o.Constraints = append(o.Constraints, reference)
	case "-e", "--editable":
		editable := Parse(value)
		if editable.Path == "" && editable.URL == "" {
			editable.Path = value
		}
		editable.From, editable.To = at.from, at.to
		o.Editable = append(o.Editable, editable)
	case "-i", "--index-url", "--default-index":
		o.Index = append(o.Index, value)
	case "--extra-index-url", "--index":
		o.Extra = append(o.Extra, value)
	case "-f", "--find-links":
		o.FindLinks = append(o.FindLinks, value)
	case "--no-index":
		o.NoIndex = true
	}
}

// withValue lists the options of pip and uv that take the next word as their value.
const withValue = ` -t --target -w --wheel-dir --prefix --root --python -p --cache-dir --timeout --default-timeout
 --retries --proxy --trusted-host --allow-insecure-host --cert --client-cert --platform --python-version
 --python-platform
 --implementation --abi --only-binary --no-binary --progress-bar --log --src -C --config-settings --config-setting
 --global-option --build-option --upgrade-strategy --report -d --dest --root-user-action --exists-action --use-feature
 --use-deprecated --group --hash --index-strategy --torch-backend --extra --link-mode --resolution --prerelease
 --exclude-newer --override --overrides --keyring-provider --refresh-package --reinstall-package --no-build-package
 --upgrade-package -P --uploaded-prior-to -r --requirement --requirements -c --constraint --constraints -e --editable
 -i --index-url --default-index --extra-index-url --index -f --find-links --directory --project --config-file `

var valued = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(withValue) {
		set[name] = true
	}
	return set
}()

func takesValue(name string) bool { return valued[name] }
