// Package compose renders a Plan as a commented file for Docker: a
// docker-compose.yml with the same container as from `facecraft up`, or a stack
// for Swarm.
package compose

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"slices"
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

// environmentSource is the part that both files share.
//
//go:embed environment.yml.tmpl
var environmentSource string

var (
	composeFile = parse("docker-compose.yml", composeSource, quote)
	stackFile   = parse("stack.yml", stackSource, quoteForSwarm)
)

// parse parses a template; value formats the value of a variable.
func parse(name, source string, value func(string) (string, error)) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{
		"value": value, "quote": quote, "fold": fold, "name": yamltext.Name, "line": yamltext.Line, "wrap": yamltext.Wrap,
		"memory": format.Memory, "keySecret": func() string { return keySecret },
		"keyVariable": func() string { return plan.APIKeyVariable },
	}).Parse(strings.TrimSpace(environmentSource) + source))
}

// Origin is what a file's header says about its origin.
type Origin struct {
	Version string // of this program
	Command string // that generated the file
}

// service is one container of a file.
type service struct {
	plan.Container
	Plan    plan.Plan // that it belongs to
	Service string
	Profile string // "" if there are no profiles
	Count   int    // number of replicas, in a stack
	Version string
	Servers []string // addresses, for a gateway
}

// Gateway reports whether it stands in front of the servers.
func (s service) Gateway() bool { return s.Role == plan.RoleGateway }

// Described reports whether the file describes it: the first of the servers.
func (s service) Described() bool { return s.Replica < 2 && !s.Gateway() }

// Env is the container's environment, with the service's names in its network
// added as host names. The hash in the labels does not include these.
func (s service) Env() []plan.Env {
	if s.Gateway() {
		return s.Behind(s.Servers...).Env
	}
	if s.Count == 0 {
		return s.EnvUnder(s.Service, s.Instance+"-"+s.Service+"-1") // the container, as Compose numbers it
	}
	stack := s.Instance + "_" + s.Service
	return s.EnvUnder(s.Service, stack, "tasks."+stack)
}

// Labels returns the container's labels.
func (s service) Labels() map[string]string { return s.Container.Labels(s.Version) }

// Port is Compose's short form, HOST_IP:HOST_PORT:CONTAINER_PORT. IPv6
// addresses are in brackets.
func (s service) Port() string {
	return net.JoinHostPort(s.Publish.Address, strconv.Itoa(s.Publish.Port)) + ":" + strconv.Itoa(s.Publish.Container)
}

// UID is the user's uid.
func (s service) UID() string { uid, _, _ := strings.Cut(s.User, ":"); return uid }

// GID is the user's gid.
func (s service) GID() string { _, gid, _ := strings.Cut(s.User, ":"); return gid }

// Needs says what the machine needs.
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

// Render writes the plan as a Compose file. The notes say what the file cannot
// express. The same plan and origin always give the same bytes.
func Render(p plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	return render(composeFile, services(p, 0, from.Version), from)
}

// services are the plan's containers, each so many times: the servers, and a gateway
// that knows them by their services' names.
func services(p plan.Plan, count int, version string) (all []service) {
	var addresses []string
	for i, c := range p.Servers() {
		name := "api"
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		all = append(all, service{Container: c, Plan: p, Service: name, Count: count, Version: version})
		addresses = append(addresses, "http://"+net.JoinHostPort(name, strconv.Itoa(c.Publish.Container)))
	}
	if g := p.Gateway(); g != nil {
		all = append(all, service{Container: *g, Plan: p, Service: "gateway", Count: count, Version: version,
			Servers: addresses})
	}
	return all
}

// RenderProfiles writes several variants into one Compose file, each under a
// profile of the same name. They share a port, so only one can run at a time.
func RenderProfiles(plans []plan.Plan, from Origin) (yaml []byte, notes []string, err error) {
	var services []service
	for _, p := range plans {
		c := p.First()
		services = append(services,
			service{Container: c, Plan: p, Service: c.Variant, Profile: c.Variant, Version: from.Version})
	}
	return render(composeFile, services, from)
}

func render(file *template.Template, services []service, from Origin) (yaml []byte, notes []string, err error) {
	var b bytes.Buffer
	err = file.Execute(&b, struct {
		Services []service
		Volumes  []plan.Volume
		OwnLabel string // of what a purge removes; one that never changes, as Compose makes changed volumes anew
		Keys     bool   // whether a gateway needs API keys
		Origin
	}{services, volumes(services), plan.LabelInstance, needsKeys(services), from})
	return b.Bytes(), notesOn(services), err
}

// keySecret is the name of the secret with the API keys.
const keySecret = "keys"

func needsKeys(services []service) bool {
	return slices.ContainsFunc(services, func(s service) bool { return s.KeyFile != "" })
}

// notesOn says what a Compose file cannot express.
func notesOn(services []service) (list []string) {
	var dirs []string
	for _, s := range services {
		for _, b := range s.Binds {
			if !s.Gateway() {
				dirs = append(dirs, strconv.Quote(b.Source))
			}
		}
		switch {
		case s.Image.BuiltIn && s.Gateway():
			list = append(list, gatewayImageNote(s.Image.Reference))
		case s.Image.BuiltIn && s.Described():
			list = append(list,
				fmt.Sprintf("the image %s is built by facecraft: run facecraft pull --tag %s before docker compose up on "+
					"another machine",
					s.Image.Reference, s.Variant))
		}
	}
	if needsKeys(services) {
		list = append(list, "docker compose takes the API keys from "+plan.APIKeyVariable)
	}
	if len(dirs) > 0 {
		list = append(list,
			fmt.Sprintf("docker compose does not create directories: %s must exist and be writable for the user %s",
				strings.Join(dirs, ", "), services[0].User))
	}
	return list
}

// gatewayImageNote says how the gateway's image gets to where it runs.
func gatewayImageNote(reference string) string {
	return fmt.Sprintf("the gateway's image %s is built by facecraft and in no registry: push it with facecraft push "+
		"REF, and name what that prints: --gateway-image REF@DIGEST", reference)
}

// volumes returns the volumes of all services, without duplicates.
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

// quote makes a string safe as a value in a Compose file, where a dollar sign
// starts a variable.
func quote(text string) (string, error) {
	quoted, err := yamltext.Quote(text)
	return strings.ReplaceAll(quoted, "$", "$$"), err
}

// quoteForSwarm is for a variable's value, which Swarm treats as a template.
func quoteForSwarm(text string) (string, error) {
	return quote(strings.ReplaceAll(text, "{{", `{{"{{"}}`))
}

func fold(indent int, text string) (string, error) {
	written, err := yamltext.Fold(indent, text)
	return strings.ReplaceAll(written, "$", "$$"), err
}
