package doctor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/doctor"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/golden"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/plantest"
)

const hosts = "../detect/testdata/hosts"

func plain(_ doctor.Style, text string) string { return text }

// noDocker is the error on a machine without Docker.
var noDocker = fault.Wrap(fault.Unrunnable,
	errors.New("dial unix /var/run/docker.sock: connect: no such file or directory"),
	"install it: https://docs.docker.com/engine/install/", "Docker is not installed")

func examine(t *testing.T, facts plan.Facts) doctor.Report {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	var unreachable error
	if facts.Daemon.Endpoint == "" {
		unreachable = noDocker
	}
	return doctor.Examine("v1.2.3", plan.DefaultInstance, facts, c, unreachable)
}

// factsOf reads the facts that the probes find on a fake host.
func factsOf(t *testing.T, dir string) plan.Facts {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var facts plan.Facts
	if err := json.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

// TestScreens compares doctor.txt of each fake host: the screen at 80 columns,
// and the exit code. go test ./internal/doctor -update writes them.
func TestScreens(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob(filepath.Join(hosts, "*"))
	if err != nil || len(dirs) < 30 {
		t.Fatalf("only %d fake hosts: %v", len(dirs), err)
	}
	schema := compiledSchema(t)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			report := examine(t, factsOf(t, dir))
			screen := report.Text(80, plain)
			for line := range strings.Lines(screen) {
				if words := strings.Fields(line); utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 80 && len(words) > 1 {
					t.Errorf("too wide: %s", line)
				}
			}
			golden.Compare(t, filepath.Join(dir, "doctor.txt"), fmt.Sprintf("%sexit %d\n", screen, fault.CodeOf(report.Err())))
			matches(t, schema, report)
		})
	}
}

// compiledSchema returns the documented schema of --json.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/doctor.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func matches(t *testing.T, schema *jsonschema.Schema, report doctor.Report) {
	t.Helper()
	data, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("the report does not match its schema: %v", err)
	}
}

// TestVerdicts: each exit code has a cause.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		facts plan.Facts
		code  fault.Code
	}{
		"laptop":        {plantest.Laptop(), fault.Done},
		"workstation":   {plantest.Workstation(), fault.Done},
		"nothing known": {plantest.Blind(), fault.Unrunnable},
		"GPU that is refused": {with(plantest.Workstation(), func(f *plan.Facts) {
			f.Daemon.GPUProof = plan.Known(false, "refused")
		}), fault.Failed},
		"Windows containers": {with(plantest.Laptop(), func(f *plan.Facts) {
			f.Daemon.OS.Value = "windows"
		}), fault.Unrunnable},
		"too little memory": {with(plantest.Laptop(), func(f *plan.Facts) { f.Daemon.Memory.Value = 1 << 30 }), fault.Done},
	} {
		if got := fault.CodeOf(examine(t, tt.facts).Err()); got != tt.code {
			t.Errorf("%s: exit code %d, want %d", name, got, tt.code)
		}
	}
}

func with(f plan.Facts, change func(*plan.Facts)) plan.Facts {
	change(&f)
	return f
}

// TestPaint: colour does not change the text.
func TestPaint(t *testing.T) {
	t.Parallel()
	report := examine(t, plantest.Workstation())
	coloured := report.Text(80, func(style doctor.Style, text string) string {
		return fmt.Sprintf("<%d>%s</>", style, text)
	})
	if !strings.Contains(coloured, fmt.Sprintf("<%d>✓</> daemon", doctor.IsGreen)) {
		t.Errorf("no green mark in\n%s", coloured)
	}
	stripped := strings.ReplaceAll(coloured, "</>", "")
	for style := doctor.Heading; style <= doctor.IsUnknown; style++ {
		stripped = strings.ReplaceAll(stripped, fmt.Sprintf("<%d>", style), "")
	}
	if want := report.Text(80, plain); stripped != want {
		t.Errorf("with colour:\n%s\nwithout:\n%s", stripped, want)
	}
}

// TestBundle plants private data in every place it could come from.
func TestBundle(t *testing.T) {
	t.Parallel()
	facts := plantest.Laptop()
	facts.Daemon.Endpoint = "ssh://alice:hunter2@build-host"
	facts.Daemon.Local.Evidence = "the endpoint unix:///home/alice/.docker/run/docker.sock"
	facts.Host.Memory.Evidence = `C:\Users\alice\AppData said FACECRAFT_API_KEY=topsecret1 and Bearer topsecret2xyz`
	facts.Host.GraphicsCards = plan.Unknown[[]string](
		"-----BEGIN RSA PRIVATE KEY-----\ntopsecret3\n-----END RSA PRIVATE KEY-----")
	facts.GPUs.Evidence = "asked by ALICE on Workshop7 with dckr_pat_topsecret4topsecret4"
	facts.LiteImage.Evidence = "/Users/bob/facecraft and /data/home-of-a/.docker"
	facts.Daemon.Images.Value = []string{"registry.corp.example:5000/secret-project/api:2", "djok/facecraft:cpu"}
	report := examine(t, facts)
	environment := map[string]string{
		"HTTPS_PROXY":       "http://proxyuser:topsecret5@proxy.example:3128",
		"http_proxy":        "http://proxyuser:top/se@cret6@proxy.example:3128",
		"DOCKER_CONFIG":     "/data/home-of-a/.docker",
		"FACECRAFT_API_KEY": "topsecret6",
		"HOME":              "/data/home-of-a",
		"USER":              "alice",
	}
	text, err := report.Bundle(func(name string) string { return environment[name] }, "workshop7")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		"topsecret", "cret6", "hunter2", "proxyuser", "alice", "bob", "workshop7", "/data/home-of-a",
		"corp.example", "secret-project",
	} {
		if strings.Contains(strings.ToLower(text), secret) {
			t.Errorf("%q is in\n%s", secret, text)
		}
	}
	for _, useful := range []string{
		"proxy.example:3128", "facecraft v1.2.3", "DOCKER_CONFIG=~/.docker", "✓ cpu", `"nvidia_toolkit"`, "limits",
		"Docker Engine", `"djok/facecraft:cpu"`,
	} {
		if !strings.Contains(text, useful) {
			t.Errorf("%q is not in\n%s", useful, text)
		}
	}
	if strings.Contains(text, "LANG") {
		t.Errorf("an empty variable is listed in\n%s", text)
	}
}
