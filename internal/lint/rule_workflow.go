package lint

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/djok/facecraft/internal/lint/download"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/workflow"
	"github.com/djok/facecraft/internal/lint/yamltree"
	"github.com/djok/facecraft/internal/secret"
)

// workflowPasswordRule finds plain-text passwords: workflow-password.
func workflowPasswordRule(j *judge) {
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				if password := step.With("password"); password != nil && strings.HasSuffix(step.Uses, "login-action") &&
					literal(password) {
					j.fail("workflow-password", yamltree.Location(file.File, password),
						"the password of a registry is here in plain text").Key = step.Uses
				}
				for _, c := range step.Commands {
					if word, ok := loginPassword(c); ok {
						j.fail("workflow-password", file.Whole(step.Run.Line), "the password of a registry is here in plain text").
							evidence("docker login -p %s", secret.Beginning(word)).Key = "docker login"
					}
				}
			}
		}
		for _, hit := range secret.Find(string(file.Data)) {
			at := file.Whole(hit.Line)
			if slices.ContainsFunc(j.drafts, func(f *draft) bool {
				return f.ID == "workflow-password" && f.Location.File == at.File && f.Location.Line == at.Line
			}) {
				continue // already reported
			}
			j.fail("workflow-password", at, "a secret is here in plain text: %s %s", hit.Kind, hit.Shown).Key = hit.Kind
		}
	}
}

// literal reports whether a value is plain text rather than an expression.
func literal(node *yaml.Node) bool {
	text := yamltree.Text(node)
	return text != "" && !strings.Contains(text, "${{")
}

// loginPassword returns the plain-text password of a docker login.
func loginPassword(c *shell.Command) (string, bool) {
	if !isDocker(c, "login") {
		return "", false
	}
	password := ""
	download.Flags(c, "up", []string{"--username", "--password"}, func(name, value string, _ shell.Word) {
		if name == "-p" || name == "--password" {
			password = value
		}
	})
	return password, password != "" && !strings.Contains(password, shell.Unknown)
}

// workflowEnvironmentRule finds jobs that publish with secrets which any branch
// can use: workflow-environment.
func workflowEnvironmentRule(j *judge) {
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			if job.Environment || job.Reusable || !slices.ContainsFunc(job.Steps, publishes) {
				continue
			}
			for _, s := range job.Secrets {
				if s.Name != "GITHUB_TOKEN" {
					f := j.fail("workflow-environment", yamltree.Location(file.File, job.Key),
						"the job %s uses the secret %s without an environment", job.Name, s.Name)
					f.first, f.end = job.Key.Line, s.Node.Line
					break
				}
			}
		}
	}
}

// publishes reports whether a step logs in to a registry or pushes to one.
func publishes(step *workflow.Step) bool {
	return step.Uses == "docker/login-action" || step.Uses == "docker/build-push-action" && pushes(step) ||
		slices.ContainsFunc(step.Commands, func(c *shell.Command) bool { return isDocker(c, "push", "login") })
}

// workflowLoginRule finds pulls that count as anonymous because the login comes
// later: workflow-login.
func workflowLoginRule(j *judge) {
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			login := slices.IndexFunc(job.Steps, logsIn)
			for n, step := range job.Steps {
				if n >= login {
					break
				}
				if what := pulls(step); what != "" {
					at := yamltree.Location(file.File, step.Node)
					at.End = 0
					f := j.fail("workflow-login", at, "%s pulls before the job logs in to the registry", what)
					later := yamltree.Location(file.File, job.Steps[login].Node)
					f.evidence("%s logs in", later.String())
				}
			}
		}
	}
}

func logsIn(step *workflow.Step) bool {
	return step.Uses == "docker/login-action" || slices.ContainsFunc(step.Commands, func(c *shell.Command) bool {
		return isDocker(c, "login")
	})
}

// pulls names the action or command of a step that pulls images, or "".
func pulls(step *workflow.Step) string {
	if step.Uses == "docker/build-push-action" || step.Uses == "docker/bake-action" {
		return step.Uses
	}
	for _, c := range step.Commands {
		if isDocker(c, "login") {
			return ""
		}
		if isDocker(c, "pull", "build") {
			return c.Name() + " " + c.Words[1].Text
		}
	}
	return ""
}

// syncs are actions that copy a README to Docker Hub.
var syncs = []string{"peter-evans/dockerhub-description", "christian-korneck/update-container-description-action",
	"meeDamian/sync-readme", "grantbirki/dockerhub-description"}

// hubReadmeRule finds workflows that publish on Docker Hub and do not update the
// description there: hub-readme.
func hubReadmeRule(j *judge) {
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			if slices.ContainsFunc(job.Steps, func(s *workflow.Step) bool { return slices.Contains(syncs, s.Uses) }) {
				return
			}
		}
	}
	for _, file := range j.Workflows {
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				if pushesToHub(step) {
					j.fail("hub-readme", yamltree.Location(file.File, job.Key),
						"the job %s publishes on Docker Hub, and nothing brings the README there", job.Name).whole()
					return
				}
			}
		}
	}
}

// pushesToHub reports whether a step pushes to Docker Hub: a tag without another
// registry's name.
func pushesToHub(step *workflow.Step) bool {
	if step.Uses == "docker/build-push-action" && pushes(step) {
		for _, tag := range strings.FieldsFunc(yamltree.Text(step.With("tags")), func(r rune) bool {
			return r == '\n' || r == ','
		}) {
			if onHub(strings.TrimSpace(tag)) {
				return true
			}
		}
	}
	return slices.ContainsFunc(step.Commands, func(c *shell.Command) bool {
		return isDocker(c, "push") && onHub(c.Words[len(c.Words)-1].Text)
	})
}

// onHub reports whether an image's name belongs to Docker Hub: user/name.
func onHub(image string) bool {
	name, _, _ := strings.Cut(image, ":")
	parts := strings.Split(strings.TrimPrefix(name, "docker.io/"), "/")
	return len(parts) == 2 && !strings.ContainsAny(parts[0], ".:$") && parts[0] != "" &&
		!strings.Contains(parts[0], shell.Unknown)
}
