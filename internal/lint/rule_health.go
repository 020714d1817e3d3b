package lint

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/repo"
	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

// startPeriod is how long models may take to load on a slow machine.
const startPeriod = 180 * time.Second

// healthRule finds servers with models whose health check is missing or misleading
// (ready), or gives them too little time (health-window).
func healthRule(j *judge) {
	for _, i := range j.Images {
		why := i.Models()
		if why == "" || !i.Serves() || healthOverridden(i) {
			continue
		}
		step, command := repo.Last[*instructions.HealthCheckCommand](i)
		switch {
		case step == nil && !i.Base().Known():
			j.unknown("ready", i.Final().Location(), "no HEALTHCHECK is set, and it is not known whether %s has one",
				shown(i.Final().Root())).whole()
		case step == nil:
			j.fail("ready", i.Final().Location(), "a server that loads models has no HEALTHCHECK").whole().evidence("%s", why)
		case slices.Equal(command.Health.Test, []string{"NONE"}):
			j.fail("ready", step.Location(), "the health check is turned off").about(step).evidence("%s", why)
		default:
			j.probe(i, step)
			j.window(i, step, command)
		}
	}
}

// liveOnly reports whether a path responds before the models are loaded.
func liveOnly(path string) bool {
	return slices.Contains(liveness, strings.TrimSuffix(path, "/"))
}

// healthOverridden reports whether a Compose file has a health check for each service
// that builds the image.
func healthOverridden(i *repo.Image) bool {
	for _, s := range i.Services {
		if s.Health == nil {
			return false
		}
	}
	return len(i.Services) > 0
}

// liveness lists paths that respond before the models are loaded.
var liveness = []string{"", "/health", "/healthz", "/health/live", "/live", "/livez", "/ping", "/docs", "/api/health",
	"/api/v1/health"}

// probe judges what the health check requests, and with which tool.
func (j *judge) probe(i *repo.Image, step *dockerfile.Step) {
	if step.Script == nil {
		return
	}
	for _, c := range step.Script.Commands {
		if c.Name() != "curl" && c.Name() != "wget" && c.Name() != "nc" {
			continue
		}
		at := step.Script.Location(c.From, c.To)
		j.probeTool(i, step, c.Name(), at)
		if c.Name() == "nc" {
			j.fail("ready", at, "an open port says nothing about the models").about(step).severity(finding.Warning)
			return
		}
		for _, arg := range c.Args() {
			u, err := url.Parse(arg.Text)
			if err != nil || u.Host == "" || !arg.Known() {
				continue
			}
			switch {
			case liveOnly(u.Path):
				j.fail("ready", at, "%s answers before the models are loaded", cmp.Or(u.Path, "/")).about(step).
					severity(finding.Warning)
			case u.Path == "/ready" && isFacecraft(i):
				j.fail("ready", at, "/ready answers 200 with ready:false, which %s cannot see", c.Name()).about(step).
					severity(finding.Warning)
			}
		}
	}
}

// isFacecraft reports whether the image is a server of the portrait API.
func isFacecraft(i *repo.Image) bool {
	if strings.Contains(i.Base().Name, "facecraft") {
		return true
	}
	for _, step := range i.Final().Chain() {
		if c, ok := step.Command.(*instructions.EnvCommand); ok &&
			slices.ContainsFunc(c.Env, func(p instructions.KeyValuePair) bool {
				return strings.HasPrefix(p.Key, "FACECRAFT_")
			}) {
			return true
		}
	}
	return false
}

// probeTool finds a health check whose tool is not in the image.
func (j *judge) probeTool(i *repo.Image, step *dockerfile.Step, tool string, at finding.Location) {
	if tool == "nc" || provides(i, tool) {
		return
	}
	has, known := i.Base().Has(tool)
	switch {
	case has:
	case !known:
		j.unknown("ready", at, "it is not known whether %s has %s", shown(i.Final().Root()), tool).about(step)
	default:
		j.fail("ready", at, "the health check runs %s, which is not in the image", tool).about(step).
			evidence("%s does not bring it, and nothing installs it", i.Final().Root())
	}
}

// provides reports whether the final stage installs or copies a tool, or may do so.
func provides(i *repo.Image, tool string) bool {
	for _, step := range i.Final().Chain() {
		for _, name := range repo.SourcesOf(step) {
			if strings.HasSuffix(name, "/"+tool) {
				return true
			}
		}
		if step.Script == nil {
			continue
		}
		for _, c := range step.Script.Commands {
			if mayInstall(c, func(name string) bool { return name == tool }) {
				return true
			}
		}
	}
	return false
}

var packageManagers = []string{"apt-get", "apt", "apk", "dnf", "yum", "microdnf", "aptitude", "conda", "mamba"}

// mayInstall reports whether a command installs a system package with such a name,
// or packages whose names are not known.
func mayInstall(c *shell.Command, wanted func(name string) bool) bool {
	if c.Name() == "xargs" {
		return true
	}
	return slices.Contains(packageManagers, c.Name()) && c.Has("install", "add") &&
		slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
			name, _, _ := strings.Cut(w.Text, "=")
			return wanted(name) || !w.Known()
		})
}

// window judges whether the health check gives the models enough time.
func (j *judge) window(i *repo.Image, step *dockerfile.Step, command *instructions.HealthCheckCommand) {
	h := command.Health
	if h.StartPeriod >= startPeriod {
		return
	}
	f := j.fail("health-window", step.Location(), "models may need 3 minutes to load; the start period is %s",
		startPeriodText(h.StartPeriod)).about(step).severity(finding.Warning)
	f.fix(periodFix(i, step)...)
}

// periodFix sets the start period.
func periodFix(i *repo.Image, step *dockerfile.Step) []source.Edit {
	const option = "--start-period="
	from, to := i.LineStart(step.Line), i.LineEnd(step.EndLine)
	text := string(i.Data[from:to])
	if at := strings.Index(text, option); at >= 0 {
		end := at + len(option)
		for end < len(text) && !strings.ContainsRune(" \t\r\n\\`", rune(text[end])) {
			end++
		}
		return []source.Edit{{File: i.Name, From: from + at + len(option), To: from + end, New: "180s"}}
	}
	at := strings.Index(strings.ToUpper(text), "HEALTHCHECK")
	if at < 0 || step.Onbuild {
		return nil
	}
	at += from + len("HEALTHCHECK")
	return []source.Edit{{File: i.Name, From: at, To: at, New: " " + option + "180s"}}
}
