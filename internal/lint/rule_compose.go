package lint

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/lint/compose"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/yamltree"
)

// composeReadinessRule finds services with a restart policy but no readiness
// check: compose-readiness.
func composeReadinessRule(j *judge) {
	for _, file := range j.Compose {
		for _, s := range file.Services {
			policy := yamltree.Text(s.Restart)
			if s.Restart == nil || policy == "no" || s.Health != nil {
				continue
			}
			at := yamltree.Location(file.File, s.Restart)
			switch health, known := j.imageHealth(s); {
			case health:
			case known:
				f := j.fail("compose-readiness", at,
					"%s is restarted when it dies, and nothing notices when it is not ready", s.Name)
				f.first = s.Key.Line
			default:
				j.unknown("compose-readiness", at, "it is not known whether the image of %s has a health check", s.Name)
			}
		}
	}
}

// imageHealth reports whether a service's image has its own health check.
func (j *judge) imageHealth(s *compose.Service) (has, known bool) {
	for _, i := range j.Images {
		if i.Name == s.Dockerfile && s.Dockerfile != "" {
			step, command := repo.Last[*instructions.HealthCheckCommand](i)
			return step != nil && !slices.Equal(command.Health.Test, []string{"NONE"}), step != nil || i.Base().Known()
		}
	}
	return false, false
}

// composeCommentRule finds variables without an explanation: compose-comment.
func composeCommentRule(j *judge) {
	for _, file := range j.Compose {
		for _, s := range file.Services {
			var names []string
			var first compose.Variable
			for _, v := range s.Variables {
				if !file.Commented(v.Node.Line) {
					if names == nil {
						first = v
					}
					names = append(names, v.Name)
				}
			}
			if names == nil {
				continue
			}
			f := j.fail("compose-comment", yamltree.Location(file.File, first.Node),
				"no comment says what %s is for", join(names))
			f.first, f.Key = s.Key.Line, s.Name
			f.Location.End = 0
		}
	}
}

// join lists names, and shortens long lists.
func join(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most-1], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}
