package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// TestAutoReplicas has one row for each rule that limits the number of servers,
// with the reason in the plan.
func TestAutoReplicas(t *testing.T) {
	t.Parallel()
	oneGPU := func(memory int64) plan.Facts {
		f := plantest.Workstation()
		f.Daemon.CPUs.Value, f.GPUs.Value[0].Memory.Value = 64, memory
		return f
	}
	for name, tt := range map[string]struct {
		facts   plan.Facts
		request plan.Request
		count   int
		because string
	}{
		"processors": {with(plantest.Laptop(), func(f *plan.Facts) { f.Daemon.Memory.Value = 64 << 30 }), plan.Request{}, 4,
			"each keeps 2 of 8 processors busy"},
		"memory": {plantest.Laptop(), plan.Request{}, 3, "each needs 4 GiB of memory and Docker has 16 GiB"},
		"a small laptop": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.Daemon.Memory.Value = 5 << 30
		}), plan.Request{}, 1, "each needs 4 GiB"},
		"GPU memory":   {oneGPU(9 << 30), plan.Request{}, 2, "GPU memory and NVIDIA GeForce RTX 4090 has 9 GiB"},
		"several GPUs": {plantest.TwoGPUs(), plan.Request{}, 2, "one for each of 2 GPUs"},
		"lite":         {plantest.Laptop(), plan.Request{Tag: "lite"}, 8, "each keeps 1 of 8 processors busy"},
		"many processors": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.Daemon.CPUs.Value = 128
		}), plan.Request{Tag: "lite"}, plan.MaxReplicas,
			"this is the maximum"},
		"nothing known": {plantest.Blind(), plan.Request{}, 1, "is unknown: no Docker daemon was reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.request.Replicas = plan.AutoReplicas
			p := plantest.Make(t, tt.facts, tt.request)
			if got := len(p.Servers()); got != tt.count {
				t.Errorf("%d servers, want %d", got, tt.count)
			}
			if !slices.ContainsFunc(p.Reasons, func(r plan.Reason) bool {
				return strings.HasPrefix(r.Choice, "replicas") && strings.Contains(r.Because, tt.because)
			}) {
				t.Errorf("no reason %q in\n%s", tt.because, p)
			}
		})
	}
}

// TestContainers: replicas equal the first, except for what servers cannot
// share.
func TestContainers(t *testing.T) {
	t.Parallel()
	facts := plantest.TwoGPUs()
	facts.BusyPorts.Value = []int{8001}
	all := plantest.Make(t, facts, plan.Request{Replicas: 3, Gateway: no}).Containers
	var names, ports, gpus, volumes, origins []string
	hashes := map[string]bool{}
	for _, c := range all {
		names = append(names, c.Name)
		ports = append(ports, c.Publish.URL())
		gpus = append(gpus, c.GPUs.String())
		volumes = append(volumes, c.Volumes[0].Name)
		origins = append(origins, c.Env[0].Value)
		hashes[c.Hash()] = true
		if c.Labels("v1")[plan.LabelInstance] != "facecraft" {
			t.Errorf("%s belongs to %v", c.Name, c.Labels("v1"))
		}
	}
	for what, both := range map[string][2][]string{
		"names":   {names, {"facecraft", "facecraft-2", "facecraft-3"}},
		"ports":   {ports, {"http://127.0.0.1:8000", "http://127.0.0.1:8002", "http://127.0.0.1:8003"}},
		"GPUs":    {gpus, {"GPU-4090", "GPU-4090-2", "GPU-4090"}},
		"volumes": {volumes, {"facecraft_uploads", "facecraft-2_uploads", "facecraft-3_uploads"}},
		"origins": {origins, {"http://127.0.0.1:8000,http://localhost:8000", "http://127.0.0.1:8002,http://localhost:8002",
			"http://127.0.0.1:8003,http://localhost:8003"}},
	} {
		if !slices.Equal(both[0], both[1]) {
			t.Errorf("%s are %q, want %q", what, both[0], both[1])
		}
	}
	if len(hashes) != 3 {
		t.Errorf("%d hashes for three containers", len(hashes))
	}
	one := plantest.Make(t, plantest.Laptop(), plan.Request{})
	if single := one.Containers; len(single) != 1 || single[0].Name != "facecraft" ||
		single[0].Labels("v1")[plan.LabelReplica] != "" {
		t.Errorf("a single server became %+v", single)
	}
}

func TestReplicasRefused(t *testing.T) {
	t.Parallel()
	c := loadCatalogue(t)
	for _, count := range []int{-2, plan.MaxReplicas + 1} {
		if _, err := plan.Make(plantest.Laptop(), c, plan.Request{Replicas: count}); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%d replicas: %v, want a usage error", count, err)
		}
	}
	_, err := plan.Make(plantest.Laptop(), c, plan.Request{Replicas: 3, Port: 65534, Gateway: no})
	if fault.CodeOf(err) != fault.Failed || !strings.Contains(err.Error(), "only 1 free ports after 127.0.0.1:65534") {
		t.Errorf("beyond the last port: %v", err)
	}
	p := plantest.Make(t, plantest.Laptop(), plan.Request{Replicas: 8})
	if !slices.ContainsFunc(p.Warnings, func(w string) bool {
		return strings.Contains(w, "8 servers need about 32 GiB")
	}) {
		t.Errorf("missing a warning about too little memory: %q", p.Warnings)
	}
}
