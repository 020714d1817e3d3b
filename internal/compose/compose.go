// Package compose renders a Plan as a commented file for Docker: a
// docker-compose.yml with the same container as `facecraft up` creates, or a
// stack for Swarm.
package compose

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"strconv"
	"strings"
	"text/template"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/yamltext"
)

//go:embed compose.yml.tmpl
var composeSource string

//go:embed stack.yml.tmpl
var stackSource string

// environmentSource is the part that both files have.
//
//go:embed environment.yml.tmpl
var environmentSource string

var (
	composeFile = parse("docker-compose.yml", composeSource, quote)
	stackFile   = parse("stack.yml", stackSource, quoteForSwarm)
)

// parse makes a file of its text; value writes that of a variable.
func parse(name, source string, value func(string) (string, error)) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{
		"value": value, "quote": quote, "fold": fold, "name": yamltext.Name, "line": yamltext.Line, "wrap": yamltext.Wrap, "memory": format.Memory,
	}).Parse(strings.TrimSpace(environmentSource) + source))
}

// Origin is what a file's header says about where it comes from.
type Origin struct {
	Version string // of this program
	Command string // that wrote the file
}

// service is one container of a file.
type service struct {
	plan.Container
	Plan    plan.Plan // that it belongs to
	Service string
	Profile string // "" where there is no choice
	Count   int    // of equal ones, in a stack
	Version string
}

// Env is the container's, called by the service's names in its network. It is
// none of the container's own, which the labels describe.
func (s service) Env() []plan.Env {
	if s.Count == 0 {
		return s.EnvUnder(s.Service)
	}
	stack := s.Instance + "_" + s.Service
	return s.EnvUnder(s.Service, stack, "tasks."+stack)
}

// Labels are those of the container.
func (s service) Labels() map[string]string { return s.Container.Labels(s.Version) }

// Port is Compose's short form, HOST_IP:HOST_PORT:CONTAINER_PORT. An IPv6
// address stands in brackets.
func (s service) Port() string {
	return net.JoinHostPort(s.Publish.Address, strconv.Itoa(s.Publish.Port)) + ":" + strconv.Itoa(s.Publish.Container)
}

// Needs says what the machine has to have.
func (s service) Needs() string {
	needs := "Docker for " + s.Image.Platform + ", about " + format.Memory(s.Plan.Needs.Memory) + " of memory"
	if size := s.Plan.Needs.UnpackedSize; size > 0 {
		needs += ", " + format.Size(size) + " of disk for the image"
	}
	if s.GPUs != nil {
		needs += ", an NVIDIA GPU and nvidia-container-toolkit"
	}
	return needs
}

// Render writes the plan as a Compose file. The notes say what the file
// cannot express. The same plan and origin give the same bytes.
func Render(p plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	var services []service
	for i, c := range p.Containers {
		name := "api"
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		services = append(services, service{Container: c, Plan: p, Service: name, Version: from.Version})
	}
	return render(composeFile, services, from)
}

// RenderProfiles writes several variants into one Compose file, each under a
// profile of its name. They are for one place, of which one runs at a time.
func RenderProfiles(plans []plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	var services []service
	for _, p := range plans {
		c := p.First()
		services = append(services, service{Container: c, Plan: p, Service: c.Variant, Profile: c.Variant, Version: from.Version})
	}
	return render(composeFile, services, from)
}

func render(file *template.Template, services []service, from Origin) (yaml []byte, notes []string, err error) {
	var b bytes.Buffer
	err = file.Execute(&b, struct {
		Services []service
		Volumes  []plan.Volume
		Origin
	}{services, volumes(services), from})
	var dirs []string
	for _, s := range services {
		for _, b := range s.Binds {
			dirs = append(dirs, strconv.Quote(b.Source))
		}
		if s.Image.BuiltIn && s.Replica < 2 {
			notes = append(notes, fmt.Sprintf("the image %s is made by facecraft: run facecraft pull --tag %s before docker compose up on another machine",
				s.Image.Reference, s.Variant))
		}
	}
	if len(dirs) > 0 {
		notes = append(notes, fmt.Sprintf("docker compose makes no directories: %s have to be there, and be writable for the user %s",
			strings.Join(dirs, ", "), services[0].User))
	}
	return b.Bytes(), notes, err
}

// volumes are those of all services, each once.
func volumes(services []service) []plan.Volume {
	var all []plan.Volume
	seen := map[string]bool{}
	for _, s := range services {
		for _, v := range s.Volumes {
			if !seen[v.Name] {
				seen[v.Name] = true
				all = append(all, v)
			}
		}
	}
	return all
}

// quote makes a string safe as a value in a Compose file, in which a dollar
// sign begins a variable.
func quote(text string) (string, error) {
	quoted, err := yamltext.Quote(text)
	return strings.ReplaceAll(quoted, "$", "$$"), err
}

// quoteForSwarm is for a variable's value, which Swarm takes for a template.
func quoteForSwarm(text string) (string, error) {
	return quote(strings.ReplaceAll(text, "{{", `{{"{{"}}`))
}

func fold(indent int, text string) (string, error) {
	written, err := yamltext.Fold(indent, text)
	return strings.ReplaceAll(written, "$", "$$"), err
}
