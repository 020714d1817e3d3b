package compose_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/compose"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plan/plantest"
)

// `go test ./internal/compose -update` writes the expected files anew.
var update = flag.Bool("update", false, "write the expected files anew")

func sample(t *testing.T, facts plan.Facts, request plan.Request) plan.Plan {
	t.Helper()
	catalogue, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Make(facts, catalogue, request)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRender(t *testing.T) {
	t.Parallel()
	some := sample(t, plantest.Workstation(), plan.Request{Tag: "gpu"})
	some.GPUs = &plan.GPURequest{IDs: []string{"GPU-1", "GPU-2"}}
	pinned := sample(t, plantest.Laptop(), plan.Request{})
	pinned.Image.Digest = "sha256:9549443debec9f6829f50bea256e7d827b8e1cf1979a5e612d1a8bd0853107d7"
	multiline := sample(t, plantest.Laptop(), plan.Request{})
	multiline.Reasons[0].Because = "a\nservices: {}"
	multiline.Warnings = []string{"b\r\nname: other"}
	for name, p := range map[string]plan.Plan{
		"multiline": multiline,
		"pinned":    pinned,
		"cpu":       sample(t, plantest.Laptop(), plan.Request{}),
		"gpu":       sample(t, plantest.Workstation(), plan.Request{}),
		"some-gpus": some,
		"lite":      sample(t, plantest.Laptop(), plan.Request{Tag: "lite", Instance: "second", Port: 9000}),
		"data":      sample(t, plantest.SELinux(), plan.Request{Data: "/home/maria/faces", Env: []plan.Env{{Name: "A", Value: "$1"}}, Secrets: []plan.Secret{{Name: "TOKEN"}}}),
		"ipv6":      sample(t, plantest.Laptop(), plan.Request{Listen: "::1"}),
		"hostile":   sample(t, plantest.Laptop(), plan.Request{Image: `registry:5000/a"b$HOME'#{}:cpu`}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, notes, err := compose.Render(p, "v1.2.3")
			if err != nil {
				t.Fatal(err)
			}
			if (len(notes) > 0) != p.Image.BuiltIn {
				t.Errorf("notes %q", notes)
			}
			again, _, _ := compose.Render(p, "v1.2.3")
			if !bytes.Equal(got, again) {
				t.Error("the same plan gave two files")
			}
			compareGolden(t, filepath.Join("testdata", name+".yml"), got)
			compareService(t, p, load(t, got))
		})
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; after reading the difference, go test ./internal/compose -update accepts it. Got:\n%s", path, got)
	}
}

// load reads the file as Compose does.
func load(t *testing.T, file []byte) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  t.TempDir(),
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml", Content: file}},
		Environment: types.Mapping{"HOME": "/must/not/appear"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// compareService holds what Compose understood against the plan.
func compareService(t *testing.T, p plan.Plan, project *types.Project) {
	t.Helper()
	service, err := project.GetService("api")
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
	check("read-only", service.ReadOnly, p.ReadOnly)
	check("memory", int64(service.MemLimit), p.MemoryLimit)
	check("memory and swap", int64(service.MemSwapLimit), p.MemoryLimit)
	check("processes", service.PidsLimit, p.PIDsLimit)
	check("capabilities", strings.Join(service.CapDrop, " "), strings.Join(p.CapDrop, " "))
	check("security", strings.Join(service.SecurityOpt, " "), strings.Join(p.SecurityOpt, " "))
	check("tmpfs", strings.Join(service.Tmpfs, " "), strings.Join(p.Tmpfs, " "))
	check("number of ports", len(service.Ports), 1)
	check("port", service.Ports[0].HostIP+" "+service.Ports[0].Published, p.Publish.Address+" "+strconv.Itoa(p.Publish.Port))
	check("groups", strings.Join(service.GroupAdd, " "), strings.Join(p.GroupAdd, " "))
	check("user namespace", service.UserNSMode, p.UserNamespace)
	check("number of volumes", len(service.Volumes), len(p.Volumes)+len(p.Binds))
	for i, b := range p.Binds {
		volume := service.Volumes[len(p.Volumes)+i]
		check("directory", volume.Source+" "+volume.Target, b.Source+" "+b.Target)
		check("missing directory is made", bool(volume.Bind.CreateHostPath), false)
		check("SELinux", volume.Bind.SELinux == "z", b.Relabel)
	}
	for _, s := range p.Secrets {
		if value, there := service.Environment[s.Name]; !there || value != nil {
			t.Errorf("the secret %s is %v, want a name without a value", s.Name, value)
		}
	}
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
