package cli

import (
	"context"
	"io"
	"time"

	"github.com/djok/facecraft/internal/batch"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/cli/flagset"
	"github.com/djok/facecraft/internal/completion"
	"github.com/djok/facecraft/internal/export"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/run"
	"github.com/djok/facecraft/internal/term"
)

// lookTime is how long completion may wait for Docker. It usually answers in 10 ms, but not on a busy machine.
const lookTime = time.Second

// valuer finds the values of a flag.
type valuer func(*app, context.Context) completion.Answer

// valuesOf are the values of flags, by name or, where commands differ, by
// command and name. Those of arguments have the command's name and a space.
var valuesOf = map[string]valuer{
	"process ":    files(completion.Photos),
	"studio ":     files(completion.Photos),
	"save ":       files(completion.AnyFile),
	"load ":       files(completion.AnyFile),
	"lint ":       files(completion.AnyFile),
	"verify ":     files(completion.AnyFile),
	"completion ": (*app).shells,
	"push ":       files(completion.NoFiles),
	"config ":     (*app).configurable,

	"tag":      (*app).tags,
	"preset":   (*app).presets,
	"endpoint": (*app).endpoints,
	"explain":  (*app).checks,
	"profile":  (*app).profiles,

	"pull":           oneOf(launch.FetchMissing, launch.FetchAlways, launch.FetchNever),
	"restart":        oneOf("on-failure", "unless-stopped", "always"),
	"replicas":       oneOf(plan.Auto, "1", "2", "3"),
	"listen":         oneOf(plan.Loopback, "0.0.0.0"),
	"target":         oneOf(export.Compose, export.Swarm, export.Kubernetes),
	"depth":          oneOf("config", "files", "layers", "run"),
	"plan format":    oneOf(planFormats...),
	"process format": oneOf("png", "jpg", "both"),
	"lint format":    oneOf(reportFormats...),
	"verify format":  oneOf(reportFormats...),

	"studio output": files(completion.Directories),

	"output":       files(completion.AnyFile),
	"report":       files(completion.AnyFile),
	"html":         files(completion.AnyFile),
	"bundle":       files(completion.AnyFile),
	"api-key-file": files(completion.AnyFile),
	"tls-cert":     files(completion.AnyFile),
	"tls-key":      files(completion.AnyFile),
	"env-file":     files(completion.AnyFile),
	"catalogue":    files(completion.AnyFile),
	"dockerfile":   files(completion.AnyFile),
	"data":         files(completion.Directories),
}

func (a *app) values(ctx context.Context, command, flag string) completion.Answer {
	if find, ok := valuesOf[command+" "+flag]; ok {
		return find(a, ctx)
	}
	if find, ok := valuesOf[flag]; ok {
		return find(a, ctx)
	}
	return completion.Answer{Files: completion.NoFiles}
}

func files(kind completion.Files) valuer {
	return func(*app, context.Context) completion.Answer { return completion.Answer{Files: kind} }
}

func oneOf(words ...string) valuer {
	var answer completion.Answer
	for _, word := range words {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: word})
	}
	return func(*app, context.Context) completion.Answer { return answer }
}

func (a *app) shells(context.Context) completion.Answer {
	return completion.Answer{Candidates: completion.Shells}
}

func (a *app) configurable(context.Context) (answer completion.Answer) {
	for _, command := range a.program.Commands {
		if flagset.Configurable(command) {
			answer.Candidates = append(answer.Candidates, completion.Candidate{Word: command.Name, What: command.Usage})
		}
	}
	return answer
}

func (a *app) profiles(context.Context) (answer completion.Answer) {
	file, err := flagset.ReadFile(a.Getenv, a.program.Commands)
	if err != nil {
		return answer
	}
	for _, name := range file.Profiles {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: name})
	}
	return answer
}

func (a *app) tags(context.Context) (answer completion.Answer) {
	known, err := catalogue.Load()
	if err != nil {
		return answer
	}
	answer.Candidates = []completion.Candidate{{Word: plan.Auto, What: "by your hardware"}}
	for _, variant := range known.Variants {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: variant.Name, What: variant.Summary})
	}
	return answer
}

func (a *app) presets(context.Context) (answer completion.Answer) {
	for _, preset := range batch.PresetNames() {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: preset[0], What: preset[1]})
	}
	return answer
}

func (a *app) checks(context.Context) (answer completion.Answer) {
	checks, err := finding.Checks()
	if err != nil {
		return answer
	}
	answer.Candidates = []completion.Candidate{{Word: "all", What: "list them"}}
	for _, check := range checks {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: check.ID, What: check.Title})
	}
	return answer
}

// endpoints are the servers on this machine.
func (a *app) endpoints(ctx context.Context) (answer completion.Answer) {
	for _, server := range a.runningServers(ctx) {
		answer.Candidates = append(answer.Candidates, completion.Candidate{Word: server.URL, What: server.Instance})
	}
	return answer
}

// runningServers are those of all instances, or none if Docker does not respond
// within lookTime.
func (a *app) runningServers(ctx context.Context) []run.Address {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	settings := a.launcher()
	settings.UI = term.New(io.Discard, a.Getenv, true)
	l, err := launch.Connect(ctx, settings)
	if err != nil {
		return nil
	}
	defer l.Close()
	list, err := l.Servers.Addresses(ctx)
	if err != nil {
		return nil
	}
	return list
}
