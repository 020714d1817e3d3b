package lint

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/readme"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/tree"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// readmeRule finds what a README does not say about the repository's own images:
// readme-port, readme-pull, readme-example, readme-size and readme-cors.
func readmeRule(j *judge) {
	own := j.ownImages()
	for _, file := range j.Readmes {
		var first *readme.Command
		upload := false
		for n, c := range file.Commands {
			upload = upload || uploads(c.Command)
			image, words := ownImage(c.Command, own)
			if image.Text == "" {
				continue
			}
			if first == nil {
				first = &file.Commands[n]
			}
			if !negative(c.Before) {
				j.readmeCommand(file, c, image, words)
			}
		}
		if first != nil {
			j.readmeLacks(file, first, upload)
		}
	}
}

func (j *judge) readmeCommand(file *readme.File, c readme.Command, image shell.Word, after []shell.Word) {
	at := file.Location(c.Start+c.From, c.Start+c.To)
	if named, err := reference.ParseNormalizedNamed(image.Text); err == nil && reference.IsNameOnly(named) {
		j.fail("readme-pull", file.Location(c.Start+image.From, c.Start+image.To),
			"%s without a tag gets latest, or nothing", image.Text)
	}
	if isDocker(c.Command, "run") && len(after) == 0 && !published(c.Command) {
		j.fail("readme-port", at, "the server cannot be reached: no port is published")
	}
}

// readmeLacks judges a text as a whole if it says how to run an image.
func (j *judge) readmeLacks(file *readme.File, first *readme.Command, upload bool) {
	at := file.Location(first.Start+first.From, first.Start+first.To)
	if !upload {
		j.fail("readme-example", at, "no example sends a picture to the server").whole()
	}
	if !sizes.Match(file.Data) {
		j.fail("readme-size", at, "nothing says how large the image is").whole()
	}
	if source := j.openOrigins(); source != nil && !bytes.Contains(bytes.ToUpper(file.Data), []byte("CORS")) {
		j.fail("readme-cors", at, "nothing says that every web page may use the server").whole().
			evidence("%s", source.String())
	}
}

var sizes = regexp.MustCompile(`(?i)\d\s?(gb|gib|mb|mib)\b`)

// negatives introduce what the reader should not do.
var negatives = regexp.MustCompile(`(?i)\b(never|do not|don't|not like this|instead of|wrong|avoid|bad|deprecated)\b`)

func negative(before string) bool { return negatives.MatchString(before) }

// published reports whether docker run publishes a port, or may not need to.
func published(c *shell.Command) bool {
	return slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
		return strings.HasPrefix(w.Text, "-p") || strings.HasPrefix(w.Text, "--publish") ||
			strings.HasPrefix(w.Text, "--net") ||
			w.Text == "-P" || strings.HasPrefix(w.Text, "--entrypoint") || !w.Known()
	})
}

// uploads reports whether a command sends a file.
func uploads(c *shell.Command) bool {
	if c.Name() == "http" || c.Name() == "facecraft" {
		return true
	}
	return c.Name() == "curl" && slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
		return strings.HasPrefix(w.Text, "-F") || strings.HasPrefix(w.Text, "--form") ||
			strings.HasPrefix(w.Text, "--data-binary") || w.Text == "-T" || w.Text == "--upload-file"
	})
}

// ownImage returns the repository's image that a docker run or pull names, and the
// words after it.
func ownImage(c *shell.Command, own map[string]bool) (shell.Word, []shell.Word) {
	if !isDocker(c, "run", "pull") {
		return shell.Word{}, nil
	}
	for n, word := range c.Args() {
		named, err := reference.ParseNormalizedNamed(word.Text)
		if err == nil && own[reference.FamiliarName(named)] {
			return word, c.Args()[n+1:]
		}
	}
	return shell.Word{}, nil
}

// ownImages returns the names of the images that the repository makes: those that
// it pushes, that its Compose files build or its README tags, and djok/facecraft.
func (j *judge) ownImages() map[string]bool {
	own := map[string]bool{"djok/facecraft": true}
	add := func(image string) {
		if named, err := reference.ParseNormalizedNamed(image); err == nil && !strings.Contains(image, shell.Unknown) &&
			!strings.Contains(image, "$") {
			own[reference.FamiliarName(named)] = true
		}
	}
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				for _, tag := range strings.Fields(yamltree.Text(step.With("tags"))) {
					add(strings.TrimSuffix(tag, ","))
				}
				for _, c := range step.Commands {
					if isDocker(c, "push") {
						add(c.Words[len(c.Words)-1].Text)
					}
				}
			}
		}
	}
	for _, file := range j.Compose {
		for _, s := range file.Services {
			if s.Context != "" && s.Image != nil {
				add(yamltree.Text(s.Image))
			}
		}
	}
	for _, file := range j.Readmes {
		for _, c := range file.Commands {
			for n, word := range c.Args() {
				if isDocker(c.Command, "build") && (word.Text == "-t" || word.Text == "--tag") && n+1 < len(c.Args()) {
					add(c.Args()[n+1].Text)
				}
			}
		}
	}
	return own
}

var allOrigins = regexp.MustCompile(`allow_origins\s*=\s*\[\s*["']\*["']\s*\]`)

// openOrigins returns where the repository's server accepts every origin, or nil.
func openOrigins(files *tree.Tree) *finding.Location {
	for _, name := range files.Files {
		if path.Ext(name) != ".py" {
			continue
		}
		data, err := files.Read(name)
		if err != nil || !bytes.Contains(data, []byte("allow_origins")) {
			continue
		}
		if at := allOrigins.FindIndex(data); at != nil {
			return &finding.Location{File: name, Line: 1 + bytes.Count(data[:at[0]], []byte("\n"))}
		}
	}
	return nil
}
