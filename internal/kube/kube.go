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
	"value": value, "quote": yamltext.Quote, "fold": yamltext.Fold, "name": yamltext.Name, "line": yamltext.Line, "wrap": yamltext.Wrap,
	"memory": format.Memory, "size": format.Size,
}).Parse(source))

// value writes that of a variable. Two dollar signs are one, and one before a
// parenthesis begins another variable:
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

// Options are what a plan does not know.
type Options struct {
	Version string // of this program
	Command string // that wrote the manifests
	// Ingress is the host name under which the API is to be reached from
	// outside the cluster; empty leaves it inside.
	Ingress string
}

// manifests is a plan in the words of Kubernetes.
type manifests struct {
	plan.Container
	Plan plan.Plan
	Options
	Count int // of pods, at least
}

// Render writes the manifests as one file of several documents. The notes say
// what Kubernetes cannot express, or does not do by itself. The same plan and
// options give the same bytes.
func Render(p plan.Plan, o Options) (yaml []byte, notes []string, err error) {
	m := manifests{Container: p.Template(), Plan: p, Options: o, Count: len(p.Containers)}
	var b bytes.Buffer
	err = file.Execute(&b, m)
	return b.Bytes(), m.notes(), err
}

func (m manifests) notes() []string {
	notes := []string{
		"a limit on processes and the rotation of logs are the kubelet's: podPidsLimit, containerLogMaxSize, containerLogMaxFiles",
		"the HorizontalPodAutoscaler needs metrics-server in the cluster, the NetworkPolicy a network plugin that enforces it",
	}
	if m.Image.BuiltIn {
		notes = append(notes, fmt.Sprintf("the image %s is in no registry: load it into every node, or push it and name it with --image", m.Image.Reference))
	}
	if m.GPUs != nil && len(m.GPUs.IDs) > 0 {
		notes = append(notes, "Kubernetes gives each pod some GPU of its node, not "+m.GPUs.String())
	}
	if len(m.Secrets) > 0 {
		notes = append(notes, fmt.Sprintf("make the secret first: kubectl -n %s create secret generic %s --from-literal=NAME=VALUE", m.Instance, m.Instance))
	}
	return notes
}

// Env is the container's, called by the Service's names: Kubernetes looks a
// name up with the rest of these behind it, and the client asks for what it was
// given. https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
func (m manifests) Env() []plan.Env {
	inside := m.Instance + "." + m.Instance // the namespace has the same name
	names := []string{inside, inside + ".svc", inside + ".svc.cluster.local"}
	if m.Ingress != "" {
		names = append(names, m.Ingress)
	}
	return m.EnvUnder(names...)
}

// MaxCount is how many pods there may be when all are busy.
func (m manifests) MaxCount() int { return max(4, 2*m.Count) }

// UID and GID are the user's.
func (m manifests) UID() string { uid, _, _ := strings.Cut(m.User, ":"); return uid }

// GID is the user's group.
func (m manifests) GID() string { _, gid, _ := strings.Cut(m.User, ":"); return gid }

// OS and Arch are the node's.
func (m manifests) OS() string { os, _, _ := strings.Cut(m.Image.Platform, "/"); return os }

// Arch is the node's.
func (m manifests) Arch() string { _, arch, _ := strings.Cut(m.Image.Platform, "/"); return arch }

// Probe is the health check as a probe's command.
func (m manifests) Probe() []string {
	if m.Health.Test[0] == "CMD-SHELL" {
		return []string{"sh", "-c", m.Health.Test[1]}
	}
	return m.Health.Test[1:]
}

// probePeriod is how often a pod that starts is asked.
const probePeriod = 5

// StartTries are how many checks may fail while the models load: ten times as
// long as it usually takes, and a minute at least.
func (m manifests) StartTries() int { return max(60, 10*m.Plan.Needs.StartSeconds) / probePeriod }

// VolumeName is a volume's name within the pod.
func (m manifests) VolumeName(v plan.Volume) string {
	return strings.ReplaceAll(strings.TrimPrefix(v.Name, m.Instance+"_"), "_", "-")
}
