package e2e

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNeverReady gives up after --timeout and leaves the server loading.
func TestNeverReady(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.expect(6, []string{"the server was not ready after 500ms"}, "up", "--image", u.stub("silent"), "--timeout", "500ms")
	u.checkServers(1, "running")
}

// TestOldReadiness is version 1.0.0: without /readiness, and with a /ready
// whose status lies.
func TestOldReadiness(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	begin := time.Now()
	u.run("up", "--image", u.stub("old", "2s"))
	if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("announced ready after %s, before the server was", took)
	}
}

// TestBusyServer has a server that answers slowly while it works on a photo.
// It is not dead.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--image", u.stub("busy", "7s"))
}

// TestMissingModel is a warning beside success: for people, and as JSON.
func TestMissingModel(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	cmd := u.command("up", "--json", "--image", u.stub("cpu"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	const want = "the model face_enhancer is not loaded: portraits will not be enhanced"
	if !strings.Contains(stderr.String(), "warning: "+want) {
		t.Errorf("no warning in\n%s", &stderr)
	}
	var report struct {
		Ready, Started bool
		Warnings       []string
		API            struct{ Device struct{ Type string } }
	}
	if err := json.Unmarshal(output, &report); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	if !report.Ready || !report.Started || !slices.Equal(report.Warnings, []string{want}) ||
		report.API.Device.Type != "cpu" {
		t.Errorf("report %+v", report)
	}
	if status := u.run("status", "--json"); !strings.Contains(status, want) {
		t.Errorf("status says %s", status)
	}
}
