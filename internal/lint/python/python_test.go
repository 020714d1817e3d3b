package python

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/lint/shell"
	"github.com/djok/facecraft/internal/lint/source"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Requirement{
		"torch":                    {Name: "torch"},
		"Torch_Vision == 0.15.2":   {Name: "torch-vision", Spec: "==0.15.2"},
		"torch==2.0.1+cpu":         {Name: "torch", Spec: "==2.0.1+cpu"},
		"rembg[gpu, cli]>=2,<3":    {Name: "rembg", Extras: []string{"gpu", "cli"}, Spec: ">=2,<3"},
		"torch (>=2.0)":            {Name: "torch", Spec: ">=2.0"},
		"torch @ https://x/t.whl":  {Name: "torch", URL: "https://x/t.whl"},
		"a; sys_platform=='linux'": {Name: "a", Marker: "sys_platform=='linux'"},
		".":                        {Path: "."},
		"./dir[extra]":             {Path: "./dir[extra]"},
		"/wheels/*.whl":            {Path: "/wheels/*.whl"},
		"https://d/whl/cpu/torch-2.0.1%2Bcpu-cp311-cp311-linux_x86_64.whl": {
			Name: "torch", Spec: "==2.0.1+cpu", URL: "https://d/whl/cpu/torch-2.0.1%2Bcpu-cp311-cp311-linux_x86_64.whl"},
		"git+https://github.com/x/BasicSR@v1#egg=basicsr": {Name: "basicsr",
			URL: "git+https://github.com/x/BasicSR@v1#egg=basicsr"},
		"torch==" + shell.Unknown: {Name: "torch", Spec: "==" + shell.Unknown},
		shell.Unknown:             {},
		"not a requirement":       {},
	} {
		if got := Parse(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestMarkers(t *testing.T) {
	for marker, want := range map[string]Verdict{
		"":                         Yes,
		"sys_platform == 'darwin'": No,
		"sys_platform != 'darwin'": Yes,
		"python_version < '3.12'":  Maybe,
		"platform_machine == 'x86_64' and sys_platform == \"linux\"": Yes,
		"platform_machine == 'aarch64' or sys_platform == 'win32'":   No,
		"platform_machine == 'aarch64' or python_version > '3'":      Maybe,
		"(sys_platform == 'darwin')":                                 Maybe,
		"'linux' in sys_platform":                                    Yes,
		"nonsense":                                                   Maybe,
	} {
		if got := (Requirement{Marker: marker}).Applies("x86_64"); got != want {
			t.Errorf("%q: %v, want %v", marker, got, want)
		}
	}
}

func TestReadFile(t *testing.T) {
	f := ReadFile(source.New("requirements.txt",
		[]byte("\xef\xbb\xbf# comment\r\n-r base.txt\r\n--extra-index-url https://x/whl/cpu\r\n"+
			"torch==2.0.1 \\\r\n  --hash=sha256:00  # why\r\n-c constraints.txt\r\n-e .\r\n"+
			"--index-url=https://y#z\r\nrembg\r\n")))
	var names []string
	for _, r := range f.Requirements {
		names = append(names, fmt.Sprint(r.Name, r.Spec))
	}
	if got := strings.Join(names, " "); got != "torch==2.0.1 rembg" {
		t.Errorf("%q", got)
	}
	if f.Files[0].Path != "base.txt" || f.Constraints[0].Path != "constraints.txt" || f.Editable[0].Path != "." {
		t.Errorf("%+v", f.Options)
	}
	if f.Extra[0] != "https://x/whl/cpu" || f.Index[0] != "https://y#z" {
		t.Errorf("%+v", f.Options)
	}
	if r := f.Requirements[0]; string(f.Data[r.From:r.To]) != "torch==2.0.1" {
		t.Errorf("%q", f.Data[r.From:r.To])
	}
}

func TestRead(t *testing.T) {
	for line, want := range map[string]string{
		"pip install torch -r requirements.txt -U":                    "pip install torch; -r requirements.txt; upgrade",
		"/venv/bin/pip3.11 --no-cache-dir install -i https://x torch": "pip install torch; -i https://x",
		"python3 -m pip wheel -w /wheels dlib==19.24":                 "pip wheel dlib==19.24",
		"uv pip install --system --torch-backend=cpu torch":           "uv install torch; cpu",
		"uv pip install --torch-backend cu121 torch":                  "uv install torch; gpu",
		"uv sync --frozen --no-install-project":                       "uv sync; no project",
		"pip install -rrequirements.txt -e .":                         "pip install; -r requirements.txt; local",
		"pip --version":                                               "",
		"apt-get install pip":                                         "",
	} {
		commands, err := shell.Parse(line, shell.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if c, ok := Read(commands[0]); ok {
			got = c.Tool + " " + c.Verb
			for _, r := range c.Requirements {
				got += " " + r.Name + r.Spec
			}
			for _, file := range c.Files {
				got += "; -r " + file.Path
			}
			for _, index := range c.Index {
				got += "; -i " + index
			}
			for what, yes := range map[string]bool{"upgrade": c.Upgrade, "cpu": c.CPUBackend, "gpu": c.GPUBackend,
				"no project": c.NoProject, "local": c.Local()} {
				if yes {
					got += "; " + what
				}
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestReadProject(t *testing.T) {
	p, err := ReadProject(source.New("pyproject.toml", []byte(`[project]
dependencies = ["torch==2.3.0", "rembg[cpu]"]
[tool.uv.sources]
torch = [{ index = "cpu", marker = "sys_platform == 'linux'" }]
torchvision = { index = "cpu" }
local = { path = "x" }
[[tool.uv.index]]
name = "cpu"
url = "https://x/whl/cpu"
`)))
	if err != nil || len(p.Requirements) != 2 || p.Requirements[1].Name != "rembg" {
		t.Fatal(p, err)
	}
	want := map[string]string{"torch": "https://x/whl/cpu", "torchvision": "https://x/whl/cpu"}
	if !reflect.DeepEqual(p.Indexes, want) {
		t.Errorf("%v", p.Indexes)
	}
	if line, column := p.Position(p.Requirements[0].From); line != 2 || column != 18 {
		t.Errorf("%d:%d", line, column)
	}
	if _, err := ReadProject(source.New("x", []byte("["))); err == nil {
		t.Error("no TOML, and no error")
	}
}

func FuzzProject(f *testing.F) {
	f.Add([]byte("[project]\ndependencies=['a']\n[tool.uv.sources]\na=[{index='b'}]\n[[tool.uv.index]]\nname='b'\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := ReadProject(source.New("p", data)); err == nil {
			for _, r := range p.Requirements {
				p.Location(r.From, r.To)
			}
		}
	})
}

func FuzzRequirements(f *testing.F) {
	f.Add([]byte("-r a\n--index-url=b\ntorch[x]==1;python_version<'3' --hash=c\n-e git+https://x#egg=y\n"))
	f.Add([]byte("https://x/a-1-b-c-d.whl\n'; '=='\n\\\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := ReadFile(source.New("r", data))
		for _, r := range file.Requirements {
			if r.From < 0 || r.From > r.To {
				t.Errorf("from %d to %d", r.From, r.To)
			}
			r.Applies("x86_64")
			r.Pinned()
		}
	})
}
