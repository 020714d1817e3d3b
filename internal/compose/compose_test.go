package compose_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

var origin = compose.Origin{Version: "v1.2.3", Command: "facecraft compose"}

func TestRender(t *testing.T) {
	t.Parallel()
	for name, p := range plantest.Samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, notes, err := compose.Render(p, origin)
			if err != nil {
				t.Fatal(err)
			}
			if (len(notes) > 0) != (p.Front().Image.BuiltIn || p.Front().KeyFile != "" || len(p.First().Binds) > 0) {
				t.Errorf("notes %q", notes)
			}
			again, _, _ := compose.Render(p, origin)
			if !bytes.Equal(got, again) {
				t.Error("the same plan gave two different files")
			}
			if bytes.Contains(got, []byte(plantest.SecretValue)) {
				t.Error("the file contains a secret")
			}
			golden.Compare(t, filepath.Join("testdata", name+".yml"), string(got))
			project := load(t, got)
			for i, c := range p.Containers {
				service := "api"
				if c.Role == plan.RoleGateway {
					service = "gateway"
				} else if i > 0 {
					service = fmt.Sprintf("api-%d", i+1)
				}
				compareService(t, c, project, service)
			}
			if got, want := len(project.Services), len(p.Containers); got != want {
				t.Errorf("%d services, want %d", got, want)
			}
		})
	}
}

// TestProfiles: with two variants in one file, neither starts by default.
func TestProfiles(t *testing.T) {
	t.Parallel()
	plans := []plan.Plan{
		plantest.Make(t, plantest.Workstation(), plan.Request{Tag: "gpu"}),
		plantest.Make(t, plantest.Workstation(), plan.Request{Tag: "cpu"}),
	}
	got, _, err := compose.RenderProfiles(plans, origin)
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, filepath.Join("testdata", "profiles.yml"), string(got))
	if project := load(t, got); len(project.Services) != 0 {
		t.Errorf("without a profile there are %v", project.ServiceNames())
	}
	for _, p := range plans {
		c := p.First()
		project := load(t, got, c.Variant)
		if len(project.Services) != 1 {
			t.Errorf("profile %s has %v", c.Variant, project.ServiceNames())
		}
		compareService(t, c, project, c.Variant)
	}
}

// TestFieldsRendered fails for a new field of the plan until someone decides
// how to render it.
func TestFieldsRendered(t *testing.T) {
	t.Parallel()
	const data = "only --data sets it, and this target refuses --data"
	const network = "the file's containers are all in its default network"
	const started = "docker compose up returns when the container is started, and the health check has a start period"
	lite := plantest.Make(t, plantest.Laptop(), plan.Request{Tag: "lite"})
	lite.Containers[0].Image.BuiltIn = false
	plantest.Rendered(t, lite, func(p plan.Plan) string {
		file, _, err := compose.Render(p, origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}, map[string]string{
		"Name":               "Compose names its containers itself",
		"Network":            network,
		"Needs.StartSeconds": started,
	})
	gateway := plantest.Make(t, plantest.Laptop(),
		plan.Request{Gateway: new(true), GatewayImage: "registry.example/gateway"})
	plantest.Rendered(t, gateway, func(p plan.Plan) string {
		file, _, err := compose.Render(p, origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}, map[string]string{"Name": "Compose names its containers itself", "Network": network, "Needs.StartSeconds": started})
	plantest.Rendered(t, lite, func(p plan.Plan) string {
		file, _, err := compose.RenderStack(p, origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}, map[string]string{
		"Name":            "Swarm names its tasks itself",
		"Network":         network,
		"Publish.Address": "Swarm publishes on all addresses; a note says so",
		"Image.BuiltIn":   "Swarm has no pull policy in a file; a note says what to do",
		"SecurityOpt":     "docker stack deploy ignores it; a note says so",
		"Replica":         "Swarm numbers its tasks itself",
		"Restart":         "Swarm replaces every task that ends",
		"Binds":           data,
		"GroupAdd":        data,
		"UserNamespace":   data,
	})
}

func TestStack(t *testing.T) {
	t.Parallel()
	for name, p := range plantest.ClusterSamples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, notes, err := compose.RenderStack(p, origin)
			if err != nil {
				t.Fatal(err)
			}
			if len(notes) == 0 {
				t.Error("no note says what Swarm cannot express")
			}
			if bytes.Contains(got, []byte(plantest.SecretValue)) {
				t.Error("the file contains a secret")
			}
			golden.Compare(t, filepath.Join("testdata", name+".stack.yml"), string(got))
			service, err := load(t, got).GetService("api")
			if err != nil {
				t.Fatal(err)
			}
			stack := p.First().Instance + "_api"
			for _, e := range p.First().EnvUnder("api", stack, "tasks."+stack) {
				var seen strings.Builder
				task := template.Must(template.New(e.Name).Parse(*service.Environment[e.Name]))
				if err := task.Execute(&seen, struct{}{}); err != nil || seen.String() != e.Value {
					t.Errorf("Swarm's template of %s gives %q, %v, want %q", e.Name, &seen, err, e.Value)
				}
			}
			want := len(p.Containers)
			if p.Gateway() != nil {
				checkStackGateway(t, p, load(t, got))
				want = 1 // of each service
			}
			if got := *service.Deploy.Replicas; got != want {
				t.Errorf("%d replicas, want %d", got, want)
			}
			if got := len(service.Deploy.Resources.Reservations.GenericResources); (got == 1) != (p.First().GPUs != nil) {
				t.Errorf("%d generic resources reserved", got)
			}
			if got := int64(service.Deploy.Resources.Limits.MemoryBytes); got != p.First().MemoryLimit {
				t.Errorf("%d bytes of memory, want %d", got, p.First().MemoryLimit)
			}
		})
	}
}

// checkStackGateway: a service for each server, known by its name, and one gateway
// with the only port and its keys.
func checkStackGateway(t *testing.T, p plan.Plan, project *types.Project) {
	t.Helper()
	if got, want := len(project.Services), len(p.Containers); got != want {
		t.Errorf("%d services, want %d", got, want)
	}
	for name, service := range project.Services {
		if name != "gateway" && (len(service.Ports) > 0 || service.Deploy.EndpointMode != "dnsrr") {
			t.Errorf("%s publishes %v in the mode %s", name, service.Ports, service.Deploy.EndpointMode)
		}
	}
	service, g := project.Services["gateway"], p.Gateway()
	if len(service.Ports) != 1 || int(service.Ports[0].Target) != g.Publish.Container ||
		service.Ports[0].Published != strconv.Itoa(g.Publish.Port) {
		t.Errorf("the gateway publishes %+v", service.Ports)
	}
	if strings.Join(service.Command, " ") != strings.Join(g.Args, " ") || service.Image != g.Image.Pinned() {
		t.Errorf("the gateway is %s %s", service.Image, service.Command)
	}
	for _, e := range g.Behind(serversOf(project)...).Env {
		if value := service.Environment[e.Name]; value == nil || *value != e.Value {
			t.Errorf("%s is %v, want %s", e.Name, value, e.Value)
		}
	}
	secret := service.Secrets[0]
	from := project.Secrets[secret.Source]
	if secret.Target != g.KeyFile || secret.UID+":"+secret.GID != g.User || !bool(from.External) ||
		from.Name != g.Instance+"_keys" {
		t.Errorf("the secret is %+v, from %+v", secret, from)
	}
}

// load reads the file as Compose does.
func load(t *testing.T, file []byte, profiles ...string) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  t.TempDir(),
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: file}},
		Environment: types.Mapping{"HOME": "/must/not/appear", "FACECRAFT_API_KEY": plantest.SecretValue,
			"TOKEN": plantest.SecretValue, "Null": plantest.SecretValue},
	}, loader.WithProfiles(profiles), func(o *loader.Options) { o.SetProjectName("facecraft", false) })
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// compareService compares what Compose understood with the plan.
func compareService(t *testing.T, c plan.Container, project *types.Project, name string) {
	t.Helper()
	service, err := project.GetService(name)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	check("project", project.Name, c.Instance)
	check("network's label", project.Networks["default"].Labels[plan.LabelInstance], c.Instance)
	for _, v := range c.Volumes {
		check("volume's label", project.Volumes[v.Name].Labels[plan.LabelInstance], c.Instance)
	}
	check("image", service.Image, c.Image.Pinned())
	check("platform", service.Platform, c.Image.Platform)
	check("user", service.User, c.User)
	check("groups", strings.Join(service.GroupAdd, " "), strings.Join(c.GroupAdd, " "))
	check("user namespace", service.UserNSMode, c.UserNamespace)
	for i, b := range c.Binds {
		volume := service.Volumes[len(c.Volumes)+i]
		check("directory", volume.Source+" "+volume.Target, b.Source+" "+b.Target)
		check("create missing directory", bool(volume.Bind.CreateHostPath), false)
		check("SELinux", volume.Bind.SELinux == "z", b.Relabel)
	}
	for _, name := range c.InheritedSecrets() {
		check("secret "+name+" from the environment", *service.Environment[name], plantest.SecretValue)
	}
	check("init", service.Init != nil && *service.Init, c.Init)
	check("health check", strings.Join(service.HealthCheck.Test, "|"), strings.Join(c.Health.Test, "|"))
	check("health interval", time.Duration(*service.HealthCheck.Interval),
		time.Duration(c.Health.IntervalSeconds)*time.Second)
	check("health timeout", time.Duration(*service.HealthCheck.Timeout),
		time.Duration(c.Health.TimeoutSeconds)*time.Second)
	check("stop grace period", time.Duration(*service.StopGracePeriod), time.Duration(c.StopSeconds)*time.Second)
	check("log size", service.Logging.Options["max-size"], c.Log.MaxSize)
	check("read-only", service.ReadOnly, c.ReadOnly)
	check("memory", int64(service.MemLimit), c.MemoryLimit)
	check("memory and swap", int64(service.MemSwapLimit), c.MemoryLimit)
	check("processes", service.PidsLimit, c.PIDsLimit)
	check("capabilities", strings.Join(service.CapDrop, " "), strings.Join(c.CapDrop, " "))
	check("security", strings.Join(service.SecurityOpt, " "), strings.Join(c.SecurityOpt, " "))
	check("tmpfs", strings.Join(service.Tmpfs, " "), strings.Join(c.Tmpfs, " "))
	if c.Publish.Nowhere() {
		check("number of ports", len(service.Ports), 0)
	} else {
		check("number of ports", len(service.Ports), 1)
		check("port", service.Ports[0].HostIP+" "+service.Ports[0].Published,
			c.Publish.Address+" "+strconv.Itoa(c.Publish.Port))
	}
	check("command", strings.Join(service.Command, "|"), strings.Join(c.Args, "|"))
	compareKeys(t, c, project, service)
	check("number of volumes", len(service.Volumes), len(c.Volumes)+len(c.Binds))
	for i, v := range c.Volumes {
		check("volume", service.Volumes[i].Source+" "+service.Volumes[i].Target, v.Name+" "+v.Target)
	}
	env := c.EnvUnder(name, c.Instance+"-"+name+"-1")
	if c.Role == plan.RoleGateway {
		env = c.Behind(serversOf(project)...).Env
	}
	for _, e := range env {
		value := service.Environment[e.Name]
		if value == nil || *value != e.Value {
			t.Errorf("%s is %v, want %s", e.Name, value, e.Value)
		}
	}
	for label, value := range c.Labels("v1.2.3") {
		check(label, service.Labels[label], value)
	}
	compareGPUs(t, c, service)
}

// serversOf are the addresses of the servers in the project's network.
func serversOf(project *types.Project) (addresses []string) {
	for _, name := range project.ServiceNames() { // sorted
		if strings.HasPrefix(name, "api") {
			addresses = append(addresses, "http://"+name+":8000")
		}
	}
	return addresses
}

// compareKeys checks that API keys are a file, from the environment of docker
// compose. An owner would make some engines look the user up on the host.
func compareKeys(t *testing.T, c plan.Container, project *types.Project, service types.ServiceConfig) {
	t.Helper()
	if c.KeyFile == "" {
		if len(service.Secrets) > 0 {
			t.Errorf("secrets %+v", service.Secrets)
		}
		return
	}
	if len(service.Secrets) != 1 {
		t.Fatalf("secrets %+v", service.Secrets)
	}
	secret := service.Secrets[0]
	if secret.Target != c.KeyFile || secret.UID+secret.GID != "" || secret.Mode == nil || *secret.Mode != 0o444 {
		t.Errorf("the secret is %+v", secret)
	}
	if from := project.Secrets[secret.Source].Environment; from != plan.APIKeyVariable {
		t.Errorf("the keys come from %q", from)
	}
}

func compareGPUs(t *testing.T, c plan.Container, service types.ServiceConfig) {
	t.Helper()
	if c.GPUs == nil {
		if service.Deploy != nil {
			t.Errorf("a plan without GPUs reserves %+v", service.Deploy)
		}
		return
	}
	devices := service.Deploy.Resources.Reservations.Devices
	if len(devices) != 1 || devices[0].Driver != "nvidia" || strings.Join(devices[0].Capabilities, " ") != "gpu" {
		t.Fatalf("devices %+v", devices)
	}
	if len(c.GPUs.IDs) == 0 && devices[0].Count != -1 {
		t.Errorf("count %d, want all", devices[0].Count)
	}
	if got, want := strings.Join(devices[0].IDs, " "), strings.Join(c.GPUs.IDs, " "); got != want {
		t.Errorf("devices %q, want %q", got, want)
	}
}
