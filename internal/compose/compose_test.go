package compose_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plan/plantest"
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
			if (len(notes) > 0) != (p.Image.BuiltIn || len(p.Binds) > 0) {
				t.Errorf("notes %q", notes)
			}
			again, _, _ := compose.Render(p, origin)
			if !bytes.Equal(got, again) {
				t.Error("the same plan gave two files")
			}
			if bytes.Contains(got, []byte(plantest.SecretValue)) {
				t.Error("a secret is in the file")
			}
			golden.Compare(t, filepath.Join("testdata", name+".yml"), string(got))
			project := load(t, got)
			for i, each := range p.Containers() {
				service := "api"
				if i > 0 {
					service = fmt.Sprintf("api-%d", i+1)
				}
				compareService(t, each, project, service)
			}
			if got, want := len(project.Services), len(p.Containers()); got != want {
				t.Errorf("%d services, want %d", got, want)
			}
		})
	}
}

// TestProfiles has two variants in one file, neither of which starts unasked.
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
		project := load(t, got, p.Variant)
		if len(project.Services) != 1 {
			t.Errorf("profile %s has %v", p.Variant, project.ServiceNames())
		}
		compareService(t, p, project, p.Variant)
	}
}

// TestFieldsRendered fails for a new field of the plan until somebody decides
// what the file says of it.
func TestFieldsRendered(t *testing.T) {
	t.Parallel()
	const data = "it comes only with --data, a directory of this machine, which this target refuses"
	lite := plantest.Make(t, plantest.Laptop(), plan.Request{Tag: "lite"})
	lite.Image.BuiltIn = false
	plantest.Rendered(t, lite, func(p plan.Plan) string {
		file, _, err := compose.Render(p, origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}, map[string]string{
		"StartSeconds": "docker compose up returns when the container is started, and the health check has its own start period",
	})
	plantest.Rendered(t, lite, func(p plan.Plan) string {
		file, _, err := compose.RenderStack(p, origin)
		if err != nil {
			t.Fatal(err)
		}
		return string(file)
	}, map[string]string{
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
				t.Error("a secret is in the file")
			}
			golden.Compare(t, filepath.Join("testdata", name+".stack.yml"), string(got))
			service, err := load(t, got).GetService("api")
			if err != nil {
				t.Fatal(err)
			}
			if got, want := *service.Deploy.Replicas, 1+len(p.Replicas); got != want {
				t.Errorf("%d replicas, want %d", got, want)
			}
			if got := len(service.Deploy.Resources.Reservations.GenericResources); (got == 1) != (p.GPUs != nil) {
				t.Errorf("%d generic resources reserved", got)
			}
			if got := int64(service.Deploy.Resources.Limits.MemoryBytes); got != p.MemoryLimit {
				t.Errorf("%d bytes of memory, want %d", got, p.MemoryLimit)
			}
		})
	}
}

// load reads the file as Compose does.
func load(t *testing.T, file []byte, profiles ...string) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  t.TempDir(),
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: file}},
		Environment: types.Mapping{"HOME": "/must/not/appear", "FACECRAFT_API_KEY": plantest.SecretValue, "TOKEN": plantest.SecretValue},
	}, loader.WithProfiles(profiles), func(o *loader.Options) { o.SetProjectName("facecraft", false) })
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// compareService holds what Compose understood against the plan.
func compareService(t *testing.T, p plan.Plan, project *types.Project, name string) {
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
	check("project", project.Name, p.Name)
	check("image", service.Image, p.Image.Pinned())
	check("platform", service.Platform, p.Image.Platform)
	check("user", service.User, p.User)
	check("groups", strings.Join(service.GroupAdd, " "), strings.Join(p.GroupAdd, " "))
	check("user namespace", service.UserNSMode, p.UserNamespace)
	for i, b := range p.Binds {
		volume := service.Volumes[len(p.Volumes)+i]
		check("directory", volume.Source+" "+volume.Target, b.Source+" "+b.Target)
		check("missing directory is made", bool(volume.Bind.CreateHostPath), false)
		check("SELinux", volume.Bind.SELinux == "z", b.Relabel)
	}
	for _, name := range p.InheritedSecrets() {
		check("secret "+name+" from the environment", *service.Environment[name], plantest.SecretValue)
	}
	check("init", service.Init != nil && *service.Init, p.Init)
	check("health check", strings.Join(service.HealthCheck.Test, "|"), strings.Join(p.Health.Test, "|"))
	check("health interval", time.Duration(*service.HealthCheck.Interval), time.Duration(p.Health.IntervalSeconds)*time.Second)
	check("health timeout", time.Duration(*service.HealthCheck.Timeout), time.Duration(p.Health.TimeoutSeconds)*time.Second)
	check("stop grace period", time.Duration(*service.StopGracePeriod), time.Duration(p.StopSeconds)*time.Second)
	check("log size", service.Logging.Options["max-size"], p.Log.MaxSize)
	check("read-only", service.ReadOnly, p.ReadOnly)
	check("memory", int64(service.MemLimit), p.MemoryLimit)
	check("memory and swap", int64(service.MemSwapLimit), p.MemoryLimit)
	check("processes", service.PidsLimit, p.PIDsLimit)
	check("capabilities", strings.Join(service.CapDrop, " "), strings.Join(p.CapDrop, " "))
	check("security", strings.Join(service.SecurityOpt, " "), strings.Join(p.SecurityOpt, " "))
	check("tmpfs", strings.Join(service.Tmpfs, " "), strings.Join(p.Tmpfs, " "))
	check("number of ports", len(service.Ports), 1)
	check("port", service.Ports[0].HostIP+" "+service.Ports[0].Published, p.Publish.Address+" "+strconv.Itoa(p.Publish.Port))
	check("number of volumes", len(service.Volumes), len(p.Volumes)+len(p.Binds))
	for i, v := range p.Volumes {
		check("volume", service.Volumes[i].Source+" "+service.Volumes[i].Target, v.Name+" "+v.Target)
	}
	for _, e := range p.Env {
		value := service.Environment[e.Name]
		if value == nil || *value != e.Value {
			t.Errorf("%s is %v, want %s", e.Name, value, e.Value)
		}
	}
	for label, value := range p.Labels("v1.2.3") {
		check(label, service.Labels[label], value)
	}
	compareGPUs(t, p, service)
}

func compareGPUs(t *testing.T, p plan.Plan, service types.ServiceConfig) {
	t.Helper()
	if p.GPUs == nil {
		if service.Deploy != nil {
			t.Errorf("a plan without GPUs reserves %+v", service.Deploy)
		}
		return
	}
	devices := service.Deploy.Resources.Reservations.Devices
	if len(devices) != 1 || devices[0].Driver != "nvidia" || strings.Join(devices[0].Capabilities, " ") != "gpu" {
		t.Fatalf("devices %+v", devices)
	}
	if len(p.GPUs.IDs) == 0 && devices[0].Count != -1 {
		t.Errorf("count %d, want all", devices[0].Count)
	}
	if got, want := strings.Join(devices[0].IDs, " "), strings.Join(p.GPUs.IDs, " "); got != want {
		t.Errorf("devices %q, want %q", got, want)
	}
}
