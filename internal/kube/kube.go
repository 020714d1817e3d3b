// Package kube renders a Plan as Kubernetes manifests.
package kube

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/yamltext"
)

//go:embed kubernetes.yml.tmpl
var source string

var file = template.Must(template.New("kubernetes.yml").Funcs(template.FuncMap{
	"value": value, "quote": yamltext.Quote, "fold": yamltext.Fold, "name": yamltext.Name, "line": yamltext.Line,
	"wrap":   yamltext.Wrap,
	"memory": format.Memory, "size": format.Size,
}).Parse(source))

// value formats the value of a variable. Two dollar signs mean one, and one
// before a parenthesis starts a reference to another variable:
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func value(text string) (string, error) {
	var b strings.Builder
	for i, c := range []byte(text) {
		if c == '$' && i+1 < len(text) && strings.IndexByte("$(", text[i+1]) >= 0 {
			b.WriteByte('$')
		}
		b.WriteByte(c)
	}
	return yamltext.Quote(b.String())
}

// Options are what is not in the plan.
type Options struct {
	Version string // of this program
	Command string // that generated the manifests
	// Ingress is the API's host name outside the cluster; empty keeps it
	// inside.
	Ingress string
}

// manifests is a plan in Kubernetes' terms.
type manifests struct {
	plan.Container
	Plan plan.Plan
	Options
	Count int // of pods, at least
}

// Render writes the manifests as one file of several documents. The notes say
// what Kubernetes cannot express or does not do by itself. The same plan and
// options always give the same bytes.
func Render(p plan.Plan, o Options) (yaml []byte, notes []string, err error) {
	m := manifests{Container: p.Template(), Plan: p, Options: o, Count: len(p.Servers())}
	var b bytes.Buffer
	err = file.Execute(&b, m)
	return b.Bytes(), m.notes(), err
}

func (m manifests) notes() []string {
	notes := []string{
		"process limits and log rotation are kubelet settings: podPidsLimit, containerLogMaxSize, containerLogMaxFiles",
		"the HorizontalPodAutoscaler needs metrics-server in the cluster, the NetworkPolicy a network plugin that " +
			"enforces it",
	}
	if m.Image.BuiltIn {
		notes = append(notes,
			fmt.Sprintf("the image %s is not in a registry: load it on every node, or push it and use it with --image",
				m.Image.Reference))
	}
	if m.GPUs != nil && len(m.GPUs.IDs) > 0 {
		notes = append(notes, "Kubernetes gives each pod any GPU of its node, not "+m.GPUs.String())
	}
	if len(m.Secrets) > 0 {
		notes = append(notes,
			fmt.Sprintf("create the secret first: kubectl create namespace %s; kubectl -n %s create secret generic %s "+
				"--from-literal=NAME=VALUE", m.Instance, m.Instance, m.Instance))
	}
	if g := m.Sidecar(); g != nil {
		notes = append(notes, g.notes()...)
	}
	return notes
}

// Env is the container's environment, with all forms of the Service's name
// added as host names: Kubernetes completes a short name for the lookup, but
// the client still sends the short one.
// https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
func (m manifests) Env() []plan.Env { return m.EnvUnder(m.names()...) }

func (m manifests) names() []string {
	inside := m.Instance + "." + m.Instance // the namespace has the same name
	pods := m.Instance + "-pods." + m.Instance
	names := []string{inside, inside + ".svc", inside + ".svc.cluster.local", pods, pods + ".svc",
		pods + ".svc.cluster.local"}
	if m.Ingress != "" {
		names = append(names, m.Ingress)
	}
	return names
}

// MaxCount is the maximum number of pods under load.
func (m manifests) MaxCount() int { return max(4, 2*m.Count) }

// UID is the user's uid.
func (m manifests) UID() string { uid, _, _ := strings.Cut(m.User, ":"); return uid }

// GID is the user's gid.
func (m manifests) GID() string { _, gid, _ := strings.Cut(m.User, ":"); return gid }

// OS is the node's operating system.
func (m manifests) OS() string { os, _, _ := strings.Cut(m.Image.Platform, "/"); return os }

// Arch is the node's architecture.
func (m manifests) Arch() string { _, arch, _ := strings.Cut(m.Image.Platform, "/"); return arch }

// Probe returns the health check as a probe's command.
func (m manifests) Probe() []string {
	if m.Health.Test[0] == "CMD-SHELL" {
		return []string{"sh", "-c", m.Health.Test[1]}
	}
	return m.Health.Test[1:]
}

// PauseSeconds is how long a pod that stops still takes requests: kube-proxies
// and ingress controllers hear of it a moment after the kubelet.
func (m manifests) PauseSeconds() int { return 5 }

// GraceSeconds is how long a pod may take to stop.
func (m manifests) GraceSeconds() int { return m.PauseSeconds() + m.StopSeconds }

// probePeriod is how often to probe a starting pod.
const probePeriod = 5

// StartTries is how many checks may fail while the models load: ten times the
// usual loading time, and at least a minute.
func (m manifests) StartTries() int { return max(60, 10*m.Plan.Needs.StartSeconds) / probePeriod }

// VolumeName is a volume's name within the pod.
func (m manifests) VolumeName(v plan.Volume) string {
	return strings.ReplaceAll(strings.TrimPrefix(v.Name, m.Instance+"_"), "_", "-")
}
