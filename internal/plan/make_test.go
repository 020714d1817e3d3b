package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

func loadCatalogue(t *testing.T) plan.Catalogue {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// workstation returns a workstation with a modified GPU.
func workstation(change func(*plan.GPU)) plan.Facts {
	f := plantest.Workstation()
	change(&f.GPUs.Value[0])
	return f
}

func with(f plan.Facts, change func(*plan.Facts)) plan.Facts {
	change(&f)
	return f
}

// TestMakeChooses has one row for each rule that ends in a plan. A row's reason
// is the rule's whole line, "choice: because"; a warning is matched by part of
// its text.
func TestMakeChooses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		facts   plan.Facts
		request plan.Request
		variant string
		reason  string
		warning string // "" means that there must be none
		check   func(plan.Plan) bool
	}{
		"no GPU": {facts: plantest.Laptop(), variant: "cpu",
			reason: "not gpu: no NVIDIA GPU: nvidia-smi, which comes with NVIDIA's driver, is not installed"},
		"GPU, driver and toolkit": {facts: plantest.Workstation(), variant: "gpu",
			reason: "variant gpu: NVIDIA GeForce RTX 4090, driver 550.54.14 (nvidia-smi); docker info lists the nvidia runtime",
			check:  func(p plan.Plan) bool { return p.First().GPUs != nil && len(p.First().GPUs.IDs) == 0 }},
		"CPU requested despite a GPU": {facts: plantest.Workstation(), request: plan.Request{Tag: "cpu"}, variant: "cpu",
			reason: "variant cpu: requested with --tag cpu",
			check:  func(p plan.Plan) bool { return p.First().GPUs == nil }},
		"GPU without toolkit": {
			facts: with(plantest.Workstation(), func(f *plan.Facts) {
				f.Daemon.NvidiaToolkit = plan.Known(false, "nothing listed")
			}),
			variant: "cpu", reason: "not gpu: NVIDIA GeForce RTX 4090 is present, but Docker cannot pass it to a container: " +
				"nothing listed",
			warning: "to use it: install nvidia-container-toolkit && sudo nvidia-ctk runtime configure"},
		"GPU with unknown toolkit": {
			facts: with(plantest.Workstation(), func(f *plan.Facts) {
				f.Daemon.NvidiaToolkit = plan.Unknown[bool]("Desktop")
			}),
			variant: "cpu", reason: "not gpu: NVIDIA GeForce RTX 4090 is present, but it is unknown whether Docker can pass " +
				"it to a container: Desktop",
			warning: "tests GPU access in a container"},
		"GPU requested with unknown toolkit": {
			facts: with(plantest.Workstation(), func(f *plan.Facts) {
				f.Daemon.NvidiaToolkit = plan.Unknown[bool]("Desktop")
			}),
			request: plan.Request{Tag: "gpu"}, variant: "gpu",
			reason: "variant gpu: requested with --tag gpu", warning: "it is unknown whether a GPU can be used"},
		"old driver": {facts: workstation(func(g *plan.GPU) { g.Driver = "470.223.02" }), variant: "cpu",
			reason:  "not gpu: NVIDIA GeForce RTX 4090 has driver 470.223.02 and the image needs 525.60.13",
			warning: "update NVIDIA's driver to 530.30.02"},
		"the oldest advised driver": {facts: workstation(func(g *plan.GPU) { g.Driver = "530.30.02" }), variant: "gpu"},
		"unknown driver": {facts: workstation(func(g *plan.GPU) { g.Driver = "" }), variant: "cpu",
			reason:  "not gpu: NVIDIA GeForce RTX 4090 has an unknown driver version",
			warning: "to use it: update NVIDIA's driver"},
		"too new": {facts: workstation(func(g *plan.GPU) {
			g.ComputeCapability = plan.Known("12.0", "nvidia-smi")
		}), variant: "cpu",
			reason: "not gpu: NVIDIA GeForce RTX 4090 is too new: compute capability 12.0, and the image's PyTorch has no " +
				"code for 10.0 and up",
			warning: "wait for an image"},
		"the newest that runs": {facts: workstation(func(g *plan.GPU) {
			g.ComputeCapability = plan.Known("9.0", "nvidia-smi")
		}), variant: "gpu"},
		"too old": {facts: workstation(func(g *plan.GPU) {
			g.ComputeCapability = plan.Known("3.5", "nvidia-smi")
		}), variant: "cpu",
			reason: "not gpu: NVIDIA GeForce RTX 4090 is too old: compute capability 3.5, and the image's PyTorch starts " +
				"at 3.7",
			warning: "use a newer GPU"},
		"little GPU memory": {facts: workstation(func(g *plan.GPU) {
			g.Memory = plan.Known(int64(2<<30), "nvidia-smi")
		}), variant: "cpu",
			reason:  "not gpu: NVIDIA GeForce RTX 4090 has 2 GiB of memory and the models need 3.7 GiB",
			warning: "more memory"},
		"unknown GPU memory": {facts: workstation(func(g *plan.GPU) {
			g.Memory = plan.Unknown[int64]("nvidia-smi says [N/A]")
		}), variant: "gpu"},
		"nothing known": {facts: plantest.Blind(), variant: "cpu",
			reason:  "not gpu: no NVIDIA GPU could be detected: nvidia-smi did not answer within 3s",
			warning: "NVIDIA's driver is stuck",
			check:   func(p plan.Plan) bool { return p.First().Publish.Port == 8000 && p.First().MemoryLimit == 6<<30 }},

		"lite": {facts: plantest.Laptop(), request: plan.Request{Tag: "lite"}, variant: "lite",
			reason: "image: built into this program, nothing is downloaded",
			check: func(p plan.Plan) bool {
				return p.First().Image.BuiltIn && p.First().ReadOnly && p.First().Image.Reference == "facecraft-lite:0123456789ab"
			}},
		"lite on arm64": {facts: with(plantest.Laptop(), func(f *plan.Facts) { f.Daemon.Arch.Value = "arm64" }),
			request: plan.Request{Tag: "lite"}, variant: "lite",
			check: func(p plan.Plan) bool { return p.First().Image.Platform == "linux/arm64" }},
		"emulation": {facts: with(plantest.Laptop(), func(f *plan.Facts) { f.Daemon.Arch.Value = "arm64" }), variant: "cpu",
			warning: "under emulation",
			check:   func(p plan.Plan) bool { return p.First().Image.Platform == "linux/amd64" }},
		"custom image with a known tag": {facts: plantest.Workstation(),
			request: plan.Request{Image: "127.0.0.1:5000/djok/facecraft:cpu"}, variant: "cpu",
			reason: "variant cpu: the tag of the image requested with --image",
			check: func(p plan.Plan) bool {
				return p.First().Image.Reference == "127.0.0.1:5000/djok/facecraft:cpu" && p.Needs.UnpackedSize == 0
			}},
		"custom image with an unknown tag": {facts: plantest.Workstation(), request: plan.Request{Image: "mine:v2"},
			variant: "gpu",
			reason:  "image: requested with --image"},
		"custom latest": {facts: plantest.Laptop(), request: plan.Request{Image: "mine:latest"}, variant: "cpu"},
		"digest of the repository": {facts: plantest.Laptop(), request: plan.Request{Image: "djok/facecraft@sha256:00"},
			variant: "cpu"},

		"port in use": {facts: with(plantest.Laptop(), func(f *plan.Facts) {
			f.BusyPorts.Value = []int{8000, 8001}
		}), variant: "cpu",
			reason: "port 8002: port 8000 is taken by another program", warning: "the server is on port 8002",
			check: func(p plan.Plan) bool {
				return p.First().Publish.Port == 8002 && p.First().Env[0].Value == "http://127.0.0.1:8002,http://localhost:8002"
			}},
		"chosen port": {facts: plantest.Laptop(), request: plan.Request{Port: 9000}, variant: "cpu",
			reason: "port 9000: requested with --port"},
		"open to the network": {facts: plantest.Laptop(), request: plan.Request{Listen: "0.0.0.0", Gateway: no},
			variant: "cpu",
			warning: "enforces no API key",
			check: func(p plan.Plan) bool {
				return p.First().Publish.Address == "0.0.0.0" && p.First().Publish.URL() == "http://127.0.0.1:8000"
			}},
		"little memory": {facts: with(plantest.Laptop(), func(f *plan.Facts) {
			f.Daemon.Memory.Value = 2 << 30
		}), variant: "cpu",
			reason:  "memory limit 2 GiB: all the memory Docker has (docker info)",
			warning: "needs about 4 GiB of memory and Docker has 2 GiB",
			check:   func(p plan.Plan) bool { return p.First().MemoryLimit == 2<<30 }},
		"restarted": {facts: plantest.Laptop(), request: plan.Request{Restart: "unless-stopped"}, variant: "cpu",
			check: func(p plan.Plan) bool { return p.First().Restart == "unless-stopped" }},
		"second instance": {facts: plantest.Laptop(), request: plan.Request{Instance: "second"}, variant: "cpu",
			check: func(p plan.Plan) bool {
				return p.First().Name == "second" && p.First().Volumes[0].Name == "second_uploads"
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Make(tt.facts, loadCatalogue(t), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if p.First().Variant != tt.variant {
				t.Errorf("variant %s, want %s", p.First().Variant, tt.variant)
			}
			if tt.reason != "" && !hasReason(p, tt.reason) {
				t.Errorf("missing reason %q in\n%s", tt.reason, p)
			}
			warnings := strings.Join(p.Warnings, "\n")
			if (tt.warning == "") != (warnings == "") || !strings.Contains(warnings, tt.warning) {
				t.Errorf("warnings %q, want one with %q", p.Warnings, tt.warning)
			}
			if tt.check != nil && !tt.check(p) {
				t.Errorf("unexpected plan:\n%s", p)
			}
		})
	}
}

func hasReason(p plan.Plan, line string) bool {
	for _, r := range p.Reasons {
		if r.Choice+": "+r.Because == line {
			return true
		}
	}
	return false
}

// TestMakeRefuses has one row for each rule that ends without a plan.
func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		facts   plan.Facts
		request plan.Request
		code    fault.Code
		text    string
		hint    string
	}{
		"GPU requested, none present": {plantest.Laptop(), plan.Request{Tag: "gpu"}, fault.Unrunnable,
			"the gpu variant cannot run here: no NVIDIA GPU", "--tag cpu"},
		"GPU image requested, none present": {plantest.Laptop(), plan.Request{Image: "mirror/facecraft:gpu"},
			fault.Unrunnable,
			"the gpu variant cannot run here", "--tag cpu"},
		"GPU requested, too new": {workstation(func(g *plan.GPU) {
			g.ComputeCapability.Value = "12.0"
		}), plan.Request{Tag: "gpu"},
			fault.Unrunnable, "too new", "newer PyTorch"},
		"unknown variant": {plantest.Laptop(), plan.Request{Tag: "tpu"}, fault.Usage, `no variant "tpu"`,
			"auto, gpu, cpu, lite"},
		"without a tag": {plantest.Laptop(), plan.Request{Image: "djok/facecraft"}, fault.Usage,
			"no usable :latest", "--tag cpu"},
		"latest": {plantest.Laptop(), plan.Request{Image: "djok/facecraft:latest"}, fault.Usage,
			"no usable :latest", "--tag cpu"},
		"invalid reference": {plantest.Laptop(), plan.Request{Image: "two words"}, fault.Usage,
			"not an image reference", "TAG"},
		"lite with image": {plantest.Laptop(), plan.Request{Tag: "lite", Image: "mine:v2"}, fault.Usage,
			"built into this program", "drop one"},
		"lite not available": {plantest.Blind(), plan.Request{Tag: "lite"}, fault.Unrunnable,
			"carries no Linux executable", "--tag cpu"},
		"Windows container": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.Daemon.OS.Value = "windows"
		}), plan.Request{}, fault.Unrunnable, "the images are for Linux", "Linux containers"},
		"port out of range": {plantest.Laptop(), plan.Request{Port: 65536}, fault.Usage, "is out of range", "65535"},
		"negative port":     {plantest.Laptop(), plan.Request{Port: -1}, fault.Usage, "is out of range", "65535"},
		"requested port in use": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.BusyPorts.Value = []int{9000}
		}), plan.Request{Port: 9000},
			fault.Failed, "port 9000 is taken", "--port"},
		"all ports in use": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.BusyPorts.Value = plan.Request{}.CandidatePorts()
		}), plan.Request{},
			fault.Failed, "8000 to 8019 are all taken", "--port"},
		"invalid policy": {plantest.Laptop(), plan.Request{Restart: "sometimes"}, fault.Usage, "no restart policy",
			"unless-stopped"},
		"invalid address": {plantest.Laptop(), plan.Request{Listen: "eth0"}, fault.Usage, "not an IP address", "127.0.0.1"},
		"Latin-1": {plantest.Laptop(), plan.Request{Env: []plan.Env{{Name: "A", Value: "\xfc"}}}, fault.Usage,
			"the value of A is not UTF-8", "convert"},
		"Latin-1 directory": {plantest.Laptop(), plan.Request{Data: "/gr\xfcn"}, fault.Usage, `"/gr\xfcn" is not UTF-8`,
			"a UTF-8 name"},
		"invalid name": {plantest.Laptop(), plan.Request{Instance: "a/b"}, fault.Usage,
			"not a valid instance name", "letters"},
		"capital": {plantest.Laptop(), plan.Request{Instance: "A"}, fault.Usage, `"A" is not a valid instance name`,
			"lower-case"},
		"one character": {plantest.Laptop(), plan.Request{Instance: "x"}, fault.Usage,
			`"x" is not a valid instance name`, "2 to 63"},
		"trailing dash": {plantest.Laptop(), plan.Request{Instance: "ab-"}, fault.Usage, "not a valid instance name",
			"dashes only in between"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Make(tt.facts, loadCatalogue(t), tt.request)
			if err == nil {
				t.Fatalf("expected an error, got\n%s", p)
			}
			if code := fault.CodeOf(err); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.HintOf(err), tt.hint) {
				t.Errorf("got %q, fix %q; want %q, %q", err, fault.HintOf(err), tt.text, tt.hint)
			}
		})
	}
}

// TestHash: the hash changes with the container, and not with what only informs
// people.
func TestHash(t *testing.T) {
	t.Parallel()
	c := loadCatalogue(t)
	p, err := plan.Make(plantest.Laptop(), c, plan.Request{})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := plan.Make(plantest.Laptop(), c, plan.Request{Tag: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	if p.First().Hash() != asked.First().Hash() {
		t.Error("the same container, chosen and requested, has two hashes")
	}
	moved, err := plan.Make(plantest.Laptop(), c, plan.Request{Port: 9000})
	if err != nil {
		t.Fatal(err)
	}
	if p.First().Hash() == moved.First().Hash() {
		t.Error("a different port has the same hash")
	}
	if got := p.First().Labels("v1")[plan.LabelPlan]; got != p.First().Hash() {
		t.Errorf("label %q, want the hash", got)
	}
}

func TestFactJSON(t *testing.T) {
	t.Parallel()
	for _, fact := range []plan.Fact[int64]{plan.Known(int64(0), "seen"), plan.Known(int64(7), "seen"),
		plan.Unknown[int64]("blind")} {
		data, err := json.Marshal(fact)
		if err != nil {
			t.Fatal(err)
		}
		var back plan.Fact[int64]
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if back != fact {
			t.Errorf("%s gave %+v, want %+v", data, back, fact)
		}
	}
	if data, _ := json.Marshal(plan.Unknown[bool]("blind")); string(data) != `{"value":null,"evidence":"blind"}` {
		t.Errorf("an unknown is %s", data)
	}
}
