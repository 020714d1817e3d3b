package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
)

// workersRule finds a number of workers that cannot be changed, or that loads
// the models several times: workers.
func workersRule(j *judge) {
	for _, i := range j.Images {
		if i.Models() == "" {
			continue
		}
		step, _ := repo.Last[*instructions.CmdCommand](i)
		if step == nil || !startsWorkers(step) {
			if step, _ = repo.Last[*instructions.EntrypointCommand](i); step == nil {
				continue
			}
		}
		for _, c := range step.Script.Commands {
			j.workers(i, step, c)
		}
	}
}

func startsWorkers(step *dockerfile.Step) bool {
	return slices.ContainsFunc(step.Script.Commands, func(c *shell.Command) bool { return workersOf(c) != "" })
}

// workersOf returns the number of workers that a command requests, or "".
func workersOf(c *shell.Command) string {
	server := false
	for n, word := range c.Words {
		switch name := word.Text[strings.LastIndexByte(word.Text, '/')+1:]; {
		case name == "uvicorn" || name == "gunicorn" || name == "hypercorn" || name == "fastapi":
			server = true
		case server && (name == "--workers" || name == "-w") && n+1 < len(c.Words):
			return c.Words[n+1].Text
		case server && strings.HasPrefix(name, "--workers="):
			return strings.TrimPrefix(name, "--workers=")
		}
	}
	return ""
}

var workerVariables = regexp.MustCompile(`^([A-Z0-9]+_)?(WORKERS|WEB_CONCURRENCY|NUM_WORKERS|WORKER_COUNT)$`)

func (j *judge) workers(i *repo.Image, step *dockerfile.Step, c *shell.Command) {
	number := workersOf(c)
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return
	}
	at := step.Script.Location(c.From, c.To)
	if number != "1" && !c.Has("--preload") {
		j.fail("workers", at, "%s workers load all models %s times", number, number).about(step).severity(finding.Note)
		return
	}
	for _, earlier := range i.Final().Chain() {
		env, ok := earlier.Command.(*instructions.EnvCommand)
		if !ok {
			continue
		}
		for _, pair := range env.Env {
			if workerVariables.MatchString(pair.Key) {
				where := earlier.Location()
				j.fail("workers", at, "the command fixes the workers, so that %s changes nothing", pair.Key).about(step).
					severity(finding.Note).
					evidence("%s sets it", where.String())
				return
			}
		}
	}
}
