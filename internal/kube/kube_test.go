package kube_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/kube"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

var options = kube.Options{Version: "v1.2.3", Command: "facecraft compose --target kubernetes"}

func render(t *testing.T, p plan.Plan, o kube.Options) []byte {
	t.Helper()
	file, notes, err := kube.Render(p, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) == 0 {
		t.Error("no note says what Kubernetes cannot express")
	}
	return file
}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, p := range plantest.ClusterSamples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := render(t, p, options)
			if bytes.Contains(got, []byte(plantest.SecretValue)) {
				t.Error("the file contains a secret")
			}
			golden.Compare(t, filepath.Join("testdata", name+".yml"), string(got))
			c := decode(t, got)
			c.check(t, p)
			restricted(t, c.deployment.Spec.Template.Spec)
		})
	}
}

func TestIngress(t *testing.T) {
	t.Parallel()
	o := options
	o.Ingress = "portraits.example.org"
	got := render(t, plantest.Make(t, plantest.Laptop(), plan.Request{}), o)
	golden.Compare(t, filepath.Join("testdata", "ingress.yml"), string(got))
	c := decode(t, got)
	if c.ingress == nil || c.ingress.Spec.Rules[0].Host != o.Ingress {
		t.Errorf("ingress %+v", c.ingress)
	}
	if from := c.network.Spec.Ingress[0].From; len(from) != 2 {
		t.Errorf("the ingress controller cannot reach the pods: %+v", from)
	}
}

// TestIngressHost: the lite server responds to the host name of its Ingress.
func TestIngressHost(t *testing.T) {
	t.Parallel()
	o := options
	o.Ingress = "portraits.example.org"
	lite := plantest.Make(t, plantest.Laptop(), plan.Request{Tag: "lite"})
	for _, e := range decode(t, render(t, lite, o)).deployment.Spec.Template.Spec.Containers[0].Env {
		if e.Name == plan.HostsVariable && !slices.Contains(strings.Split(e.Value, ","), o.Ingress) {
			t.Errorf("%s is %s", e.Name, e.Value)
		}
	}
}

// cluster is what the API server would receive.
type cluster struct {
	namespace  *corev1.Namespace
	deployment *appsv1.Deployment
	service    *corev1.Service
	headless   *corev1.Service
	budget     *policyv1.PodDisruptionBudget
	scaler     *autoscalingv2.HorizontalPodAutoscaler
	network    *networkingv1.NetworkPolicy
	ingress    *networkingv1.Ingress
}

// decode reads every document into its type, and rejects unknown fields.
func decode(t *testing.T, file []byte) *cluster {
	t.Helper()
	c := &cluster{}
	for document := range bytes.SplitSeq(file, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatal(err)
		}
		var into any
		switch kind.APIVersion + " " + kind.Kind {
		case " ": // the header
			continue
		case "v1 Namespace":
			c.namespace = &corev1.Namespace{}
			into = c.namespace
		case "apps/v1 Deployment":
			c.deployment = &appsv1.Deployment{}
			into = c.deployment
		case "v1 Service":
			service := &corev1.Service{}
			if c.service == nil {
				c.service = service
			} else {
				c.headless = service
			}
			into = service
		case "policy/v1 PodDisruptionBudget":
			c.budget = &policyv1.PodDisruptionBudget{}
			into = c.budget
		case "autoscaling/v2 HorizontalPodAutoscaler":
			c.scaler = &autoscalingv2.HorizontalPodAutoscaler{}
			into = c.scaler
		case "networking.k8s.io/v1 NetworkPolicy":
			c.network = &networkingv1.NetworkPolicy{}
			into = c.network
		case "networking.k8s.io/v1 Ingress":
			c.ingress = &networkingv1.Ingress{}
			into = c.ingress
		default:
			t.Fatalf("an unexpected %s %s", kind.APIVersion, kind.Kind)
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			t.Fatalf("%s: %v\n%s", kind.Kind, err, document)
		}
	}
	return c
}

// checkGateway: the sidecar has the pod's open port, its own, and its keys.
func (c *cluster) checkGateway(t *testing.T, g plan.Container, server, sidecar corev1.Container) {
	t.Helper()
	port := sidecar.Ports[0].ContainerPort
	if sidecar.Image != g.Image.Pinned() || !slices.Equal(sidecar.Args, g.Args) || port == server.Ports[0].ContainerPort {
		t.Errorf("the gateway is %s %s on port %d", sidecar.Image, sidecar.Args, port)
	}
	env := map[string]string{}
	for _, e := range sidecar.Env {
		env[e.Name] = e.Value
	}
	for name, want := range map[string]string{
		plan.GatewayServersVariable:   fmt.Sprintf("http://127.0.0.1:%d", server.Ports[0].ContainerPort),
		plan.GatewayPortVariable:      fmt.Sprint(port),
		plan.GatewayPublishedVariable: fmt.Sprintf("0.0.0.0:%d", port),
		plan.GatewayKeysVariable:      g.KeyFile,
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	volume := c.deployment.Spec.Template.Spec.Volumes[len(c.deployment.Spec.Template.Spec.Volumes)-1]
	mount := sidecar.VolumeMounts[0]
	if mount.Name != volume.Name || volume.Secret.SecretName != g.Instance+"-keys" ||
		mount.MountPath+"/keys" != g.KeyFile {
		t.Errorf("the keys are %+v, mounted as %+v", volume.Secret, mount)
	}
	if sidecar.ReadinessProbe.HTTPGet.Path != "/readiness" || sidecar.LivenessProbe.HTTPGet.Path != "/health" {
		t.Errorf("the probes are %+v and %+v", sidecar.ReadinessProbe, sidecar.LivenessProbe)
	}
	if limit := sidecar.Resources.Limits.Memory().Value(); limit != g.MemoryLimit {
		t.Errorf("its memory is limited to %d", limit)
	}
	if got := c.deployment.Spec.Template.Annotations["prometheus.io/port"]; got != fmt.Sprint(port) {
		t.Errorf("Prometheus asks the port %q", got)
	}
}

// check compares the objects with the plan and with each other.
func (c *cluster) check(t *testing.T, p plan.Plan) {
	t.Helper()
	server := p.First()
	pod := c.deployment.Spec.Template
	container := pod.Spec.Containers[0]
	equal := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	equal("namespace", c.namespace.Name, server.Instance)
	for what, object := range map[string]metav1.Object{"deployment": c.deployment, "service": c.service,
		"headless service": c.headless, "budget": c.budget, "scaler": c.scaler, "network policy": c.network} {
		equal("namespace of the "+what, object.GetNamespace(), server.Instance)
	}
	equal("image", container.Image, server.Image.Pinned())
	equal("memory", container.Resources.Limits.Memory().Value(), server.MemoryLimit)
	equal("memory reserved", container.Resources.Requests.Memory().Value(), p.Needs.Memory)
	gpus := container.Resources.Limits["nvidia.com/gpu"]
	equal("takes a GPU", gpus.Value() == 1, server.GPUs != nil)
	equal("pods", int(*c.scaler.Spec.MinReplicas), len(p.Servers()))
	equal("service links", *pod.Spec.EnableServiceLinks, false)
	front := pod.Spec.Containers[len(pod.Spec.Containers)-1] // the gateway, if there is one
	equal("port", c.service.Spec.Ports[0].TargetPort.String(), front.Ports[0].Name)
	equal("headless service's port", c.headless.Spec.Ports[0].Port, front.Ports[0].ContainerPort)
	if g := p.Gateway(); g != nil {
		c.checkGateway(t, *g, container, front)
	}
	for what, selector := range map[string]map[string]string{
		"service": c.service.Spec.Selector, "headless service": c.headless.Spec.Selector,
		"deployment": c.deployment.Spec.Selector.MatchLabels,
		"budget":     c.budget.Spec.Selector.MatchLabels, "network policy": c.network.Spec.PodSelector.MatchLabels,
	} {
		for name, value := range selector {
			equal("label "+name+" that the "+what+" looks for", pod.Labels[name], value)
		}
		equal(what+" selects by", len(selector), 2)
	}
	equal("headless service's address", c.headless.Spec.ClusterIP, corev1.ClusterIPNone)
	pause := container.Lifecycle.PreStop.Sleep.Seconds
	equal("time to stop", *pod.Spec.TerminationGracePeriodSeconds, pause+int64(server.StopSeconds))
	rolling := c.deployment.Spec.Strategy.RollingUpdate
	equal("pods that may lack on a full node", rolling.MaxUnavailable.IntValue(), 1)
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		if !slices.Contains(probe.Exec.Command, server.Health.Test[len(server.Health.Test)-1]) {
			t.Errorf("a probe runs %q, not the health check", probe.Exec.Command)
		}
	}
	mounted := map[string]string{}
	for _, m := range container.VolumeMounts {
		mounted[m.Name] = m.MountPath
	}
	equal("mounts", len(mounted), len(server.Volumes)+len(server.Tmpfs))
	for _, v := range pod.Spec.Volumes {
		if mounted[v.Name] == "" && v.Secret == nil {
			t.Errorf("the volume %s is not mounted", v.Name)
		}
	}
	equal("number of variables", len(container.Env), len(server.Env)+len(server.Secrets))
	inside := p.First().Instance + "." + p.First().Instance
	pods := p.First().Instance + "-pods." + p.First().Instance
	for i, e := range server.EnvUnder(inside, inside+".svc", inside+".svc.cluster.local", pods, pods+".svc",
		pods+".svc.cluster.local") {
		equal("variable", container.Env[i].Name, e.Name)
		equal(e.Name, container.Env[i].Value, e.Value)
	}
	for i, s := range server.Secrets {
		equal("secret's key", container.Env[len(server.Env)+i].ValueFrom.SecretKeyRef.Key, s.Name)
	}
}

// TestReferences: values that Kubernetes would mistake for references to
// variables.
func TestReferences(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"$(HOME)": "$$(HOME)", "a$$b": "a$$$b", "$$(A)": "$$$$(A)", "$": "$", "$A": "$A", "ends $$": "ends $$$",
	} {
		p := plantest.Make(t, plantest.Laptop(), plan.Request{Env: []plan.Env{{Name: "A", Value: written}}})
		env := decode(t, render(t, p, options)).deployment.Spec.Template.Spec.Containers[0].Env
		if got := env[len(env)-1].Value; got != want {
			t.Errorf("%s is written as %s, want %s", written, got, want)
		}
	}
}

// restricted checks a pod by the rules of
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func restricted(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	refuse := func(broken bool, rule string) {
		t.Helper()
		if broken {
			t.Errorf("not restricted: %s", rule)
		}
	}
	refuse(pod.HostNetwork || pod.HostPID || pod.HostIPC, "the host's namespaces")
	for _, v := range pod.Volumes {
		refuse(v.EmptyDir == nil && v.PersistentVolumeClaim == nil && v.ConfigMap == nil && v.Secret == nil, "volume "+v.Name)
	}
	security := pod.SecurityContext
	refuse(security.RunAsNonRoot == nil || !*security.RunAsNonRoot, "runAsNonRoot")
	refuse(security.RunAsUser == nil || *security.RunAsUser == 0, "runAsUser")
	refuse(security.SeccompProfile == nil || security.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault,
		"seccompProfile")
	refuse(len(security.Sysctls) > 0, "sysctls")
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		own := c.SecurityContext
		refuse(own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation, "allowPrivilegeEscalation")
		refuse(own.Privileged != nil && *own.Privileged, "privileged")
		refuse(!slices.Contains(own.Capabilities.Drop, "ALL") || len(own.Capabilities.Add) > 0, "capabilities")
		refuse(own.RunAsUser != nil && *own.RunAsUser == 0, "runAsUser")
		refuse(own.ProcMount != nil, "procMount")
		for _, port := range c.Ports {
			refuse(port.HostPort != 0, "hostPort")
		}
	}
}

// TestFieldsRendered fails for a new field of the plan until someone decides
// how to render it.
func TestFieldsRendered(t *testing.T) {
	t.Parallel()
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Tag: "lite"})
	p.Needs.StartSeconds = 60 // well above the minimum startup time
	const data = "only --data sets it, and this target refuses --data"
	const gateway = "only a gateway has it, or the servers behind one"
	const sidecar = "a sidecar is a part of its pod, which has its name, network, user and time to stop"
	const kubelet = "it is a kubelet setting; a note says so"
	plantest.Rendered(t, p, func(p plan.Plan) string { return string(render(t, p, options)) }, map[string]string{
		"Name": "the Deployment names its pods itself",
		"Args": gateway, "Network": gateway, "KeyFile": gateway,
		"Publish.Address":     "a Service has an address of the cluster",
		"PIDsLimit":           kubelet,
		"Log.MaxSize":         kubelet,
		"Log.MaxFiles":        kubelet,
		"SecurityOpt":         "a restricted pod always has allowPrivilegeEscalation: false",
		"Restart":             "a Deployment's pods are always restarted",
		"Init":                "a probe's processes are reaped by the container runtime",
		"Replica":             "the Deployment names its pods itself",
		"Binds":               data,
		"GroupAdd":            data,
		"UserNamespace":       data,
		"Health.StartSeconds": "the startup probe holds the others back",
	})
	behind := plantest.Make(t, plantest.Laptop(),
		plan.Request{Gateway: new(true), Listen: "0.0.0.0", GatewayImage: "registry.example/gateway"})
	behind.Needs.StartSeconds = 60
	const probe = "its probes ask over HTTP"
	plantest.Rendered(t, behind, func(p plan.Plan) string { return string(render(t, p, options)) }, map[string]string{
		"Name": sidecar, "Network": sidecar, "Replica": sidecar, "StopSeconds": sidecar, "Volumes": sidecar,
		"Tmpfs": sidecar, "GPUs": sidecar, "Secrets": sidecar, "Variant": sidecar, "Image.Platform": sidecar,
		"Publish.Address":     "a Service has an address of the cluster",
		"Publish.Container":   "the server has that port in the pod",
		"Publish.TLS":         "--tls-cert is refused",
		"PIDsLimit":           kubelet,
		"Log.MaxSize":         kubelet,
		"Log.MaxFiles":        kubelet,
		"SecurityOpt":         "a restricted pod always has allowPrivilegeEscalation: false",
		"Restart":             "a Deployment's pods are always restarted",
		"Init":                "it starts no processes",
		"Binds":               data,
		"GroupAdd":            data,
		"UserNamespace":       data,
		"Health.Test":         probe,
		"Health.StartSeconds": probe,
	})
}

// TestKustomize uses the file as a resource, as its header says.
func TestKustomize(t *testing.T) {
	t.Parallel()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("needs kubectl: ", err)
	}
	dir := t.TempDir()
	file := render(t, plantest.Make(t, plantest.Laptop(), plan.Request{}), options)
	for name, data := range map[string][]byte{
		"facecraft.yml": file,
		"kustomization.yaml": []byte("resources: [facecraft.yml]\nnamespace: elsewhere\nimages: [{name: djok/facecraft, " +
			"newName: mirror.example.org/facecraft}]\n"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	output, err := exec.Command(kubectl, "kustomize", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for want, times := range map[string]int{"namespace: elsewhere": 6, "name: elsewhere": 1,
		"image: mirror.example.org/facecraft:cpu": 1} {
		if got := strings.Count(string(output), want+"\n"); got != times {
			t.Errorf("%q occurs %d times, want %d\n%s", want, got, times, output)
		}
	}
}
