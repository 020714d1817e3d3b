package lint

import (
	"strings"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
)

// wheelsLayerRule finds files that a later step deletes from the image, but not
// from its layer: wheels-layer.
func wheelsLayerRule(j *judge) {
	for _, i := range j.Images {
		i.Each(func(step *dockerfile.Step) {
			if step.Script == nil {
				return
			}
			for _, c := range step.Script.Commands {
				if c.Name() == "rm" {
					j.removed(i, step, c)
				}
			}
		})
	}
}

func (j *judge) removed(i *repo.Image, step *dockerfile.Step, c *shell.Command) {
	for _, arg := range operands(c) {
		target := repo.Absolute(step, c, strings.TrimSuffix(strings.TrimSuffix(arg.Text, "/*"), "/*.whl"))
		for _, earlier := range step.Stage.Steps {
			if earlier == step {
				break
			}
			if !i.Puts(earlier, target) || i.Small(earlier) {
				continue
			}
			f := j.fail("wheels-layer", step.Script.Location(c.From, c.To), "%s is deleted, but its layer stays in the image",
				shown(target)).about(step)
			at := earlier.Location()
			f.evidence("%s: %s", at.String(), strings.TrimSpace(i.Line(earlier.Line)))
			f.fix(bindFix(i, earlier, step, c, target)...)
			return
		}
	}
}
