package lint

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/secret"
)

// secretRule finds plain-text secrets in Dockerfiles and Compose files: secret.
// The value decides, not the name; only FACECRAFT_API_KEY is always a secret.
func secretRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Stages { // a build argument shows in the history of its cache, too
			for _, step := range stage.Steps {
				j.secretsOf(i, step)
			}
		}
	}
	for _, file := range j.Compose {
		for _, service := range file.Services {
			for _, variable := range service.Variables {
				at := file.Whole(variable.Node.Line)
				j.secretValue(at, variable.Name, variable.Value)
			}
		}
	}
}

func (j *judge) secretsOf(i *repo.Image, step *dockerfile.Step) {
	var pairs instructions.KeyValuePairs
	switch c := step.Command.(type) {
	case *instructions.EnvCommand:
		pairs = c.Env
	case *instructions.LabelCommand:
		pairs = c.Labels
	case *instructions.ArgCommand:
		for _, arg := range c.Args {
			if arg.Value != nil {
				pairs = append(pairs, instructions.KeyValuePair{Key: arg.Key, Value: *arg.Value})
			}
		}
	case *instructions.RunCommand, *instructions.CmdCommand, *instructions.EntrypointCommand:
		for _, hit := range secret.Find(step.Script.Text) {
			offset := step.Script.Offset(len(strings.Join(strings.SplitAfter(step.Script.Text, "\n")[:hit.Line-1], "")))
			line, _ := i.Position(offset)
			j.secretHit(i.Whole(line), hit).about(step)
		}
		return
	}
	for _, pair := range pairs {
		at := pairLocation(i, step, pair.Key)
		if f := j.secretValue(at, pair.Key, step.Expand(pair.Value)); f != nil {
			f.about(step)
		}
	}
}

// pairLocation returns the place of a name in an instruction.
func pairLocation(i *repo.Image, step *dockerfile.Step, name string) finding.Location {
	for line := step.Line; line <= step.EndLine; line++ {
		if at := strings.Index(i.Line(line), name); at >= 0 {
			from := i.LineStart(line) + at
			return i.Location(from, from+len(name))
		}
	}
	return step.Location()
}

func (j *judge) secretValue(at finding.Location, name, value string) *draft {
	if value == "" || strings.Contains(value, shell.Unknown) || strings.HasPrefix(value, "$") {
		return nil
	}
	if hits := secret.Find(name + "=" + value); len(hits) > 0 {
		return j.secretHit(at, hits[0])
	}
	if name == "FACECRAFT_API_KEY" {
		return j.fail("secret", at, "FACECRAFT_API_KEY has a value that everyone can read")
	}
	return nil
}

func (j *judge) secretHit(at finding.Location, hit secret.Hit) *draft {
	f := j.fail("secret", at, "a secret is here in plain text: %s %s", hit.Kind, hit.Shown)
	f.Key = hit.Kind // never the line, which contains the secret
	return f
}
