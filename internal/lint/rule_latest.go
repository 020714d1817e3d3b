package lint

import (
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/workflow"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// latestRule finds images without a tag or with the tag latest, and workflows that
// push one: latest.
func latestRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Relevant() {
			if stage.Parent == nil && stage.Base != "scratch" {
				j.floating(stage.Location(), stage.Base)
			}
			for _, step := range stage.Steps {
				j.copiedImage(i, step)
			}
		}
	}
	for _, file := range j.Compose {
		for _, service := range file.Services {
			if service.Image != nil && service.Context == "" {
				j.floating(yamltree.Location(file.File, service.Image), yamltree.Text(service.Image))
			}
		}
	}
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				j.pushesLatest(file, step)
			}
		}
	}
}

func (j *judge) copiedImage(i *repo.Image, step *dockerfile.Step) {
	if c, ok := step.Command.(*instructions.CopyCommand); ok && c.From != "" {
		if from := step.Expand(c.From); i.From(from) == nil && strings.Trim(from, "0123456789") != "" {
			j.floating(step.Location(), from)
		}
	}
}

// floating reports a reference that may point to a different image tomorrow.
func (j *judge) floating(at finding.Location, image string) {
	if strings.Contains(image, shell.Unknown) || strings.Contains(image, "$") {
		return
	}
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return
	}
	if _, pinned := named.(reference.Digested); pinned {
		return
	}
	switch tagged, ok := named.(reference.Tagged); {
	case !ok:
		j.fail("latest", at, "%s has no tag, and so means latest", image).remedy("name a version, or a digest")
	case tagged.Tag() == "latest":
		j.fail("latest", at, "%s can be a different image after every push", image).remedy("name a version, or a digest")
	}
}

func (j *judge) pushesLatest(file *workflow.File, step *workflow.Step) {
	if tags := step.With("tags"); tags != nil && pushes(step) {
		for _, tag := range strings.FieldsFunc(yamltree.Text(tags), func(r rune) bool {
			return r == '\n' || r == ',' || r == ' '
		}) {
			if strings.HasSuffix(tag, ":latest") || strings.HasPrefix(tag, "type=raw") && strings.Contains(tag, "value=latest") {
				j.fail("latest", yamltree.Location(file.File, tags), "the workflow pushes latest").severity(finding.Error).
					remedy("push only tags that say what they are").evidence("%s", tag)
				return
			}
		}
	}
	if flavor := yamltree.Text(step.With("flavor")); strings.Contains(flavor, "latest=true") {
		j.fail("latest", yamltree.Location(file.File, step.With("flavor")), "the workflow pushes latest").
			severity(finding.Error).remedy("push only tags that say what they are").evidence("latest=true")
	}
	for _, c := range step.Commands {
		if isDocker(c, "push") && strings.HasSuffix(c.Words[len(c.Words)-1].Text, ":latest") {
			j.fail("latest", yamltree.Location(file.File, step.Run), "the workflow pushes latest").severity(finding.Error).
				remedy("push only tags that say what they are").evidence("docker push %s", shown(c.Words[len(c.Words)-1].Text))
		}
	}
}

// pushes reports whether a step's action pushes, or makes tags for one that does.
func pushes(step *workflow.Step) bool {
	switch step.Uses {
	case "docker/build-push-action":
		return yamltree.Text(step.With("push")) != "" && yamltree.Text(step.With("push")) != "false"
	case "docker/metadata-action":
		return true
	}
	return false
}

// isDocker reports whether a command is docker or podman with one of these verbs.
func isDocker(c *shell.Command, verbs ...string) bool {
	args := c.Args()
	if c.Name() != "docker" && c.Name() != "podman" || len(args) == 0 {
		return false
	}
	if args[0].Text == "image" || args[0].Text == "buildx" || args[0].Text == "compose" || args[0].Text == "container" {
		args = args[1:]
	}
	return len(args) > 0 && slices.Contains(verbs, args[0].Text)
}
