package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

// gpus returns a workstation with several RTX 4090, each modified by its
// function.
func gpus(changes ...func(*plan.GPU)) plan.Facts {
	f := plantest.Workstation()
	f.GPUs.Value = nil
	for i, change := range changes {
		gpu := plantest.RTX4090()
		gpu.Index, gpu.UUID = i, "GPU-"+string(rune('a'+i))
		change(&gpu)
		f.GPUs.Value = append(f.GPUs.Value, gpu)
	}
	return f
}

func good(*plan.GPU) {}
func small(g *plan.GPU) {
	g.Name, g.Memory = "Quadro K620", plan.Known(int64(2<<30), "nvidia-smi")
}
func blackwell(g *plan.GPU) {
	g.Name, g.ComputeCapability.Value = "NVIDIA GeForce RTX 5090", "12.0"
}
func vague(g *plan.GPU) {
	g.Name, g.ComputeCapability = "NVIDIA Mystery", plan.Unknown[string]("[N/A]")
}

func card(name, driver string) func(*plan.GPU) {
	return func(g *plan.GPU) { g.Name, g.Driver = name, driver }
}

func mig(list ...plan.Slice) func(*plan.GPU) {
	return func(g *plan.GPU) {
		g.MIG, g.Slices = plan.Known(true, "nvidia-smi"), plan.Known(list, "nvidia-smi -L")
	}
}

// TestJudgeGPU has one row for each rule about GPUs.
func TestJudgeGPU(t *testing.T) {
	t.Parallel()
	windows := func(f *plan.Facts) { f.Host.OS = "windows" }
	wsl := func(f *plan.Facts) { f.Host.WSL = plan.Known(true, "/proc/version") }
	for name, tt := range map[string]struct {
		facts   plan.Facts
		asked   []string
		answer  plan.Answer
		because string
		remedy  string
		advice  string // "" means that there must be none
		gpus    []string
	}{
		"Linux driver floor": {facts: gpus(card("NVIDIA GeForce RTX 3090", "525.60.13")),
			answer: plan.Suitable, advice: "below 530.30.02"},
		"below the Linux floor": {facts: gpus(card("NVIDIA GeForce RTX 3090", "525.60.12")),
			answer: plan.Unsuitable, because: "needs 525.60.13", remedy: "530.30.02"},
		"driver 530": {facts: gpus(card("NVIDIA GeForce RTX 3090", "530.30.02")),
			answer: plan.Suitable},
		"data centre with 525": {facts: gpus(card("NVIDIA A100-SXM4-40GB", "525.147.05")),
			answer: plan.Suitable},
		"data centre with 515": {facts: gpus(card("NVIDIA A100-SXM4-40GB", "515.105.01")),
			answer: plan.Suitable},
		"data centre with 510": {facts: gpus(card("Tesla T4", "510.47.03")), answer: plan.Suitable},
		"data centre with 520": {facts: gpus(card("NVIDIA A100-SXM4-40GB", "520.61.05")),
			answer: plan.Unsuitable, because: "driver 520.61.05"},
		"GeForce with 515": {facts: gpus(card("NVIDIA GeForce RTX 3090", "515.105.01")),
			answer: plan.Unsuitable, because: "driver 515.105.01"},
		"RTX A4000 is not a data-centre card": {facts: gpus(card("NVIDIA RTX A4000", "515.105.01")), answer: plan.Unsuitable},
		"Windows driver floor": {facts: with(gpus(card("NVIDIA GeForce RTX 3090", "527.41")), windows),
			answer: plan.Suitable, advice: "below 531.14"},
		"below the Windows floor": {facts: with(gpus(card("NVIDIA GeForce RTX 3090", "527.40")), windows),
			answer: plan.Unsuitable, because: "needs 527.41", remedy: "in Windows"},
		"driver 531.14 on Windows": {facts: with(gpus(card("NVIDIA GeForce RTX 3090", "531.14")), windows),
			answer: plan.Suitable},
		"WSL uses Windows versions": {facts: with(gpus(card("NVIDIA GeForce RTX 3090", "526.98")), wsl),
			answer: plan.Unsuitable, because: "needs 527.41", remedy: "in Windows"},
		"no branches on Windows": {facts: with(gpus(card("Tesla T4", "515.105.01")), wsl),
			answer: plan.Unsuitable},
		"the oldest compute capability": {facts: gpus(func(g *plan.GPU) {
			g.ComputeCapability.Value = "3.7"
		}), answer: plan.Suitable},
		"compute capability 10.0": {facts: gpus(func(g *plan.GPU) {
			g.ComputeCapability.Value = "10.0"
		}), answer: plan.Unsuitable, because: "too new"},
		"a 4 GB card": {facts: gpus(func(g *plan.GPU) {
			g.Memory = plan.Known(int64(4096<<20), "")
		}), answer: plan.Suitable},
		"GPU memory taken": {facts: gpus(func(g *plan.GPU) {
			g.FreeMemory = plan.Known(int64(1<<30), "")
		}), answer: plan.Suitable,
			advice: "has 1 GiB of memory free"},

		"two that suit": {facts: gpus(good, good), answer: plan.Suitable,
			because: "2 × NVIDIA GeForce RTX 4090"},
		"one of two suits": {facts: gpus(small, good), answer: plan.Suitable,
			gpus: []string{"GPU-b"}, advice: "one GPU is not used: Quadro K620 has 2 GiB"},
		"one of two is vague": {facts: gpus(vague, good), answer: plan.Suitable,
			gpus: []string{"GPU-b"}, advice: "one GPU is not used: NVIDIA Mystery"},
		"undecided beats unsuitable": {facts: gpus(blackwell, vague), answer: plan.Undecided,
			because: "NVIDIA Mystery"},
		"none of two": {facts: gpus(blackwell, small), answer: plan.Unsuitable,
			because: "RTX 5090 is too new"},
		"asked by index": {facts: gpus(small, good), asked: []string{"1"},
			answer: plan.Suitable, gpus: []string{"1"}},
		"asked by UUID": {facts: gpus(small, good), asked: []string{"GPU-b"},
			answer: plan.Suitable, gpus: []string{"GPU-b"}},
		"asked for an unsuitable one": {facts: gpus(small, good), asked: []string{"0", "1"},
			answer: plan.Unsuitable, because: "Quadro K620", gpus: []string{"0", "1"}},
		"asked for an unsuitable and an undecided one": {facts: gpus(vague, small), asked: []string{"0", "1"},
			answer: plan.Unsuitable, because: "Quadro K620", gpus: []string{"0", "1"}},
		"asked for all": {facts: gpus(good, good), asked: []string{"all"},
			answer: plan.Suitable},
		"asked for all, one unsuitable": {facts: gpus(small, good), asked: []string{"all"},
			answer: plan.Unsuitable, because: "Quadro K620"},

		"MIG": {facts: gpus(mig(plan.Slice{UUID: "MIG-1", Profile: "1g.5gb", Memory: 5 << 30})),
			answer: plan.Suitable},
		"MIG slice requested": {facts: gpus(mig(plan.Slice{UUID: "MIG-1", Profile: "1g.5gb", Memory: 5 << 30})),
			asked: []string{"MIG-1"}, answer: plan.Suitable, gpus: []string{"MIG-1"}},
		"MIG slice requested, another too small": {facts: gpus(mig(plan.Slice{UUID: "MIG-1", Profile: "1g.3gb",
			Memory: 3 << 30}, plan.Slice{UUID: "MIG-2", Profile: "2g.10gb", Memory: 10 << 30})),
			asked: []string{"MIG-2"}, answer: plan.Suitable, gpus: []string{"MIG-2"}},
		"MIG next to an unsuitable GPU": {facts: gpus(small,
			mig(plan.Slice{UUID: "MIG-1", Profile: "1g.5gb", Memory: 5 << 30})), answer: plan.Suitable, gpus: []string{"MIG-1"},
			advice: "one GPU is not used"},
		"MIG slice too small": {facts: gpus(mig(plan.Slice{UUID: "MIG-1", Profile: "1g.3gb", Memory: 3 << 30})),
			answer: plan.Unsuitable, because: "3 GiB of memory"},
		"MIG without slices": {facts: gpus(mig()), answer: plan.Unsuitable, because: "no slices",
			remedy: "nvidia-smi -i 0 -mig 0"},
		"MIG with unknown slices": {facts: gpus(func(g *plan.GPU) {
			g.MIG, g.Slices = plan.Known(true, ""), plan.Unknown[[]plan.Slice]("no answer")
		}), answer: plan.Undecided,
			because: "MIG), but its slices are unknown: no answer"},

		"proof contradicts the toolkit": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.GPUProof = plan.Known(false, "refused")
		}),
			answer: plan.Unsuitable, because: "cannot pass it to a container: refused"},
		"proof where docker info is silent": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.NvidiaToolkit, f.Daemon.GPUProof = plan.Unknown[bool]("Desktop"), plan.Known(true, "it has /dev/dxg")
		}), answer: plan.Suitable, because: "it has /dev/dxg"},
		"no GPU seen, container gets none": {facts: with(plantest.Blind(), func(f *plan.Facts) {
			f.Daemon.GPUProof = plan.Known(false, "refused")
		}),
			answer: plan.Unsuitable, because: "refused"},
		"no GPU seen, container gets one": {facts: with(plantest.Blind(), func(f *plan.Facts) {
			f.Daemon.GPUProof = plan.Known(true, "it has /dev/nvidia0")
		}),
			answer: plan.Undecided, because: "the GPU's model is unknown"},
		"card without driver": {facts: with(plantest.Laptop(), func(f *plan.Facts) {
			f.Host.GraphicsCards.Value = []string{"NVIDIA device 2684"}
		}),
			answer: plan.Unsuitable, because: "its driver is not working", remedy: "install NVIDIA's driver"},

		"too little RAM": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.Memory.Value = 3 << 30
		}), answer: plan.Unsuitable,
			because: "needs about 4 GiB of memory and Docker has 3 GiB", remedy: "more memory"},
		"RAM taken": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.FreeMemory = plan.Known(int64(1<<30), "")
		}), answer: plan.Suitable},
		"too little disk": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.DiskFree = plan.Known(int64(13e9), "")
		}), answer: plan.Unsuitable,
			because: "13.8 GB of disk and 13 GB is free", remedy: "free up disk space"},
		"image available locally": {facts: with(gpus(good), func(f *plan.Facts) {
			f.Daemon.DiskFree = plan.Known(int64(1e9), "")
			f.Daemon.Images = plan.Known([]string{"docker.io/djok/facecraft:gpu"}, "")
		}), answer: plan.Suitable},
		"arm64": {facts: with(gpus(good), func(f *plan.Facts) { f.Daemon.Arch.Value = "arm64" }), answer: plan.Unsuitable,
			because: "an emulated program cannot use the GPU"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loadCatalogue(t)
			variant, ok := c.Variant("gpu")
			if !ok {
				t.Fatal("no gpu variant")
			}
			v := plan.Judge(tt.facts, c, variant, tt.asked)
			if v.Answer != tt.answer {
				t.Errorf("answer %d, want %d: %s", v.Answer, tt.answer, v.Because)
			}
			if !strings.Contains(v.Because, tt.because) || !strings.Contains(v.Remedy, tt.remedy) {
				t.Errorf("because %q, remedy %q; want %q, %q", v.Because, v.Remedy, tt.because, tt.remedy)
			}
			advice := joined(v.Advice)
			if (tt.advice == "") != (advice == "") || !strings.Contains(advice, tt.advice) {
				t.Errorf("advice %q, want %q", advice, tt.advice)
			}
			if !slices.Equal(v.GPUs, tt.gpus) {
				t.Errorf("GPUs %q, want %q", v.GPUs, tt.gpus)
			}
		})
	}
}

func joined(advice []plan.Advice) string {
	var lines []string
	for _, a := range advice {
		lines = append(lines, a.String())
	}
	return strings.Join(lines, "\n")
}

// TestJudgeCPU has one row for each rule about the variant that runs
// everywhere.
func TestJudgeCPU(t *testing.T) {
	t.Parallel()
	arm := func(emulation plan.Fact[bool]) func(*plan.Facts) {
		return func(f *plan.Facts) { f.Daemon.Arch.Value, f.Daemon.Emulation = "arm64", emulation }
	}
	little := func(kind, hostOS string, host int64) func(*plan.Facts) {
		return func(f *plan.Facts) {
			f.Daemon.Memory.Value, f.Daemon.Kind.Value, f.Host.OS, f.Host.Memory.Value = 2<<30, kind, hostOS, host
		}
	}
	for name, tt := range map[string]struct {
		change func(*plan.Facts)
		answer plan.Answer
		text   string // in the advice, or in because and remedy
	}{
		"ordinary":          {func(*plan.Facts) {}, plan.Suitable, ""},
		"emulation":         {arm(plan.Known(true, "Desktop")), plan.Suitable, "several times slower; facecraft up --lite"},
		"unknown emulation": {arm(plan.Unknown[bool]("")), plan.Suitable, "if emulation is installed"},
		"no emulation":      {arm(plan.Known(false, "nothing registered")), plan.Unsuitable, "nothing registered"},
		"Windows containers": {func(f *plan.Facts) { f.Daemon.OS.Value = "windows" }, plan.Unsuitable,
			"switch Docker Desktop to Linux containers"},
		"Docker Desktop on macOS": {little(plan.KindDesktop, "darwin", 16<<30), plan.Suitable,
			"Settings > Resources > Advanced > Memory limit to 6 GiB"},
		"Docker Desktop on Windows": {little(plan.KindDesktop, "windows", 16<<30), plan.Suitable,
			`.wslconfig to 6GB, then wsl --shutdown`},
		"other virtual machine": {little(plan.KindEngine, "darwin", 16<<30), plan.Suitable,
			"give Docker's virtual machine 6 GiB"},
		"a small host": {little(plan.KindDesktop, "darwin", 4<<30), plan.Suitable,
			"use a machine with more memory, or use facecraft up --lite"},
		"RAM taken": {func(f *plan.Facts) {
			f.Daemon.FreeMemory = plan.Known(int64(1<<30), "")
		}, plan.Suitable, "1 GiB is free; close other programs"},
		"little disk": {func(f *plan.Facts) {
			f.Daemon.DiskFree = plan.Known(int64(2e9), "")
		}, plan.Suitable, "4.1 GB of disk and 2 GB is free where Docker stores images; free up disk space"},
		"little disk, image available locally": {func(f *plan.Facts) {
			f.Daemon.DiskFree, f.Daemon.Images = plan.Known(int64(2e9), ""), plan.Known([]string{"djok/facecraft:cpu"}, "")
		}, plan.Suitable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loadCatalogue(t)
			variant, _ := c.Variant("cpu")
			v := plan.Judge(with(plantest.Laptop(), tt.change), c, variant, nil)
			if v.Answer != tt.answer {
				t.Errorf("answer %d, want %d", v.Answer, tt.answer)
			}
			all := strings.Join([]string{joined(v.Advice), v.Because, v.Remedy}, "\n")
			if !strings.Contains(all, tt.text) || tt.text == "" && len(v.Advice) > 0 {
				t.Errorf("%q, want %q", all, tt.text)
			}
		})
	}
}

// TestRemedies has one row for each kind of machine: how to enable GPUs in its
// Docker.
func TestRemedies(t *testing.T) {
	t.Parallel()
	distro := func(id string, like ...string) func(*plan.Facts) {
		return func(f *plan.Facts) { f.Host.Distro = plan.Known(plan.Distribution{ID: id, Like: like}, "") }
	}
	kind := func(kind string) func(*plan.Facts) {
		return func(f *plan.Facts) { f.Daemon.Kind.Value = kind }
	}
	for name, tt := range map[string]struct {
		change          func(*plan.Facts)
		toolkit, driver string
	}{
		"Debian": {distro("debian"), "sudo apt-get install nvidia-container-toolkit && sudo nvidia-ctk",
			"apt-get install nvidia-driver"},
		"Ubuntu": {distro("ubuntu", "debian"), "sudo apt-get install nvidia-container-toolkit", "ubuntu-drivers"},
		"Mint": {distro("linuxmint", "ubuntu", "debian"), "sudo apt-get install nvidia-container-toolkit",
			"ubuntu-drivers"},
		"Rocky": {distro("rocky", "rhel", "centos", "fedora"), "sudo dnf install nvidia-container-toolkit",
			"akmod-nvidia"},
		"openSUSE": {distro("opensuse-leap", "suse", "opensuse"), "sudo zypper install nvidia-container-toolkit", "zypper"},
		"Arch": {distro("arch"),
			"sudo pacman -S nvidia-container-toolkit && sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl " +
				"restart docker", "pacman"},
		"another": {distro("nixos"), "install nvidia-container-toolkit", "nvidia.com/drivers"},
		"installed": {func(f *plan.Facts) { f.Host.Toolkit = plan.Known([]plan.Tool{{Name: "nvidia-ctk"}}, "") },
			"configure Docker for the toolkit: sudo nvidia-ctk runtime configure", "nvidia.com/drivers"},
		"rootless":         {kind(plan.KindRootless), "systemctl --user restart docker", "nvidia.com/drivers"},
		"snap":             {kind(plan.KindSnap), "instead of the snap", "nvidia.com/drivers"},
		"Podman":           {kind(plan.KindPodman), "nvidia-ctk cdi generate", "nvidia.com/drivers"},
		"Desktop on Linux": {kind(plan.KindDesktop), "docker context use default", "nvidia.com/drivers"},
		"Desktop on Windows": {func(f *plan.Facts) { f.Host.OS, f.Daemon.Kind.Value = "windows", plan.KindDesktop },
			"wsl --update", "in Windows"},
		"remote": {func(f *plan.Facts) { f.Daemon.Local.Value = false }, "on that machine", "nvidia.com/drivers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := with(plantest.Workstation(), tt.change)
			if got := f.ToolkitRemedy(); !strings.Contains(got, tt.toolkit) {
				t.Errorf("toolkit: %q, want %q", got, tt.toolkit)
			}
			if got := f.DriverRemedy(""); !strings.Contains(got, tt.driver) {
				t.Errorf("driver: %q, want %q", got, tt.driver)
			}
		})
	}
}

func TestInstallDocker(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"debian": "apt-get install docker.io", "fedora": "moby-engine",
		"arch": "pacman -S docker", "nixos": "", "": ""} {
		h := plan.Host{Distro: plan.Known(plan.Distribution{ID: id}, "")}
		if got := h.InstallDocker(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	rocky := plan.Host{Distro: plan.Known(plan.Distribution{ID: "rocky", Like: []string{"rhel", "fedora"}}, "")}
	if got := rocky.InstallDocker(); got != "" {
		t.Errorf("Rocky Linux does not package Docker, got %q", got)
	}
}

func TestRequestedGPUs(t *testing.T) {
	t.Parallel()
	c := loadCatalogue(t)
	p, err := plan.Make(gpus(good, good), c, plan.Request{GPUs: []string{"1"}})
	if err != nil {
		t.Fatal(err)
	}
	if p.First().Variant != "gpu" || !slices.Equal(p.First().GPUs.IDs, []string{"1"}) ||
		p.First().Labels("v1")[plan.LabelGPUs] != "1" {
		t.Errorf("--gpus 1 gave\n%s", p)
	}
	for asked, want := range map[string][]string{"1": {"1"}, "0,1": {"0", "1"}, "GPU-4090-2": {"GPU-4090-2"}, "all": nil} {
		elsewhere := plan.Request{Tag: "gpu", GPUs: strings.Split(asked, ","), Elsewhere: true}
		p, err := plan.Make(plantest.Blind(), c, elsewhere)
		if err != nil || !slices.Equal(p.First().GPUs.IDs, want) {
			t.Errorf("--gpus %s for another machine gave %+v, %v", asked, p.First().GPUs, err)
		}
		elsewhere.Replicas = 2
		p, err = plan.Make(plantest.Blind(), c, elsewhere)
		if second := want[max(0, len(want)-1):]; err != nil || !slices.Equal(p.Containers[1].GPUs.IDs, second) {
			t.Errorf("the second of two servers on --gpus %s got %+v, %v", asked, p.Containers[1].GPUs, err)
		}
	}
	for name, tt := range map[string]struct {
		request plan.Request
		text    string
	}{
		"no such GPU":     {plan.Request{GPUs: []string{"2"}}, `there is no GPU "2"`},
		"nothing":         {plan.Request{GPUs: []string{""}}, "an empty entry"},
		"not on a CPU":    {plan.Request{Tag: "cpu", GPUs: []string{"0"}}, "contradict each other"},
		"not in the lite": {plan.Request{Tag: "lite", GPUs: []string{"all"}}, "contradict each other"},
	} {
		_, err := plan.Make(gpus(good, good), c, tt.request)
		if fault.CodeOf(err) != fault.Usage || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want a usage error %q", name, err, tt.text)
		}
	}
	// If the GPUs cannot be seen, the daemon decides.
	if _, err := plan.Make(plantest.Blind(), c, plan.Request{GPUs: []string{"2"}}); err != nil {
		t.Errorf("with unknown GPUs: %v", err)
	}
}

// TestDiskRemedy mentions unfinished downloads, which may be what fills the disk.
func TestDiskRemedy(t *testing.T) {
	t.Parallel()
	const want = "facecraft pull --forget deletes 3.1 GB of unfinished downloads"
	if got := (plan.Facts{Downloads: &plan.Downloads{Kept: 3_100_000_000}}).DiskRemedy(); !strings.Contains(got, want) {
		t.Errorf("%q does not contain %q", got, want)
	}
	for _, downloads := range []*plan.Downloads{nil, {}} {
		if got := (plan.Facts{Downloads: downloads}).DiskRemedy(); strings.Contains(got, "--forget") {
			t.Errorf("nothing is kept: %q", got)
		}
	}
}
