package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/plan"
)

// TestAdopt uses servers that a person started, recognised by their label or
// by their schema. It runs as the default instance, and starts nothing.
func TestAdopt(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("pull", "--lite")
	stub := u.stub("old", "0s")
	for what, image := range map[string]string{"label": dockertest.Lite(t).Reference(), "schema": stub} {
		t.Run(what, func(t *testing.T) {
			port := strconv.Itoa(dockertest.FreePort(t))
			name := u.instance + "-" + what
			startByHand(t, name, port, image)
			adopter := u.in(t).with("FACECRAFT_INSTANCE=" + plan.DefaultInstance)

			said := adopter.run("up", "--json", "--no-open", "--port", port)
			var report struct {
				Name           string
				Other, Started bool
			}
			if err := json.Unmarshal([]byte(said), &report); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			if report.Name != name || !report.Other || report.Started {
				t.Errorf("report %+v", report)
			}
			if what == "label" {
				adopter.expect(0, nil, "up", "--lite", "--no-open", "--port", port) // its own variant
			}
			if err := u.docker.ContainerPause(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			adopter.expect(1, []string{"is paused"}, "up", "--port", port)
			if err := u.docker.ContainerUnpause(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			// A flag for its container.
			adopter.expect(1, []string{"which facecraft does not manage", "docker stop " + name},
				"up", "--data", "faces", "--port", port)
		})
	}
}

// startByHand starts a server as a person would. The lite image's label has it
// removed even if the test is cut short.
func startByHand(t *testing.T, name, port, image string) {
	t.Helper()
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", name).Run() })
	dockerRun(t, "--detach", "--tty", "--name", name, "--publish", fmt.Sprintf("127.0.0.1:%s:8000", port), image)
}
