package lint

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/shell"
)

// useraddOrderRule finds files whose new owner does not exist yet: useradd-order.
func useraddOrderRule(j *judge) {
	for _, i := range j.Images {
		for _, stage := range i.Relevant() {
			chain := stage.Chain()
			users := usersCreated(chain)
			for n, step := range chain {
				name, at := owner(step)
				if step.Stage != stage || name == "" || users[name] == nil {
					continue
				}
				if created := slices.Index(chain, users[name]); created > n {
					f := j.fail("useradd-order", step.Location(), "%s owns files before it exists", name).about(step)
					if at != nil {
						f.Location = ptr(step.Script.Location(at.From, at.To))
					}
					later := users[name].Location()
					f.evidence("%s: %s", later.String(), strings.TrimSpace(stage.File.Line(users[name].Line)))
				}
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

// owner returns the name of the user to whom a step gives files, and the command
// that does so if it is a RUN.
func owner(step *dockerfile.Step) (string, *shell.Command) {
	given := ""
	var at *shell.Command
	switch c := step.Command.(type) {
	case *instructions.CopyCommand:
		given = c.Chown
	case *instructions.AddCommand:
		given = c.Chown
	case *instructions.RunCommand:
		for _, command := range step.Script.Commands {
			if args := operands(command); command.Name() == "chown" && len(args) > 1 {
				given, at = args[0].Text, command
			}
		}
	}
	name, _, _ := strings.Cut(step.Expand(given), ":")
	if strings.Contains(name, shell.Unknown) || strings.Trim(name, "0123456789") == "" {
		return "", nil
	}
	return name, at
}
