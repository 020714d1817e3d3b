package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/format"
)

// TestRegistry follows an image from a registry: pulled, run, used and found
// again.
func TestRegistry(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	reference := dockertest.Registry(t) + "/djok/facecraft:cpu"
	dockertest.PushLite(t, reference)
	dockertest.RemoveImages(t, u.docker, reference)
	url := strings.TrimSpace(u.run("up", "--image", reference))
	if want := fmt.Sprintf("http://127.0.0.1:%d", u.port); url != want {
		t.Errorf("the server is at %s, want %s", url, want)
	}
	var servers []struct {
		Image, Variant string
		Ready          bool
	}
	if err := json.Unmarshal([]byte(u.run("status", "--json")), &servers); err != nil {
		t.Fatal(err)
	}
	if len(servers) != 1 || servers[0].Image != reference || servers[0].Variant != "cpu" || !servers[0].Ready {
		t.Errorf("status %+v", servers)
	}
	u.run("process", photo(t), "-o", "face.png")
	u.run("down")
	u.checkNoContainers()
}

// TestPullFails expects an immediate end, with the registry's answer and a
// remedy.
func TestPullFails(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	host := dockertest.Registry(t)
	dockertest.PushLite(t, host+"/djok/facecraft:cpu")
	for reference, want := range map[string]string{
		host + "/djok/facecraft:nope": "the image does not exist",
		host + "/nobody/nothing:cpu":  "the image does not exist",
	} {
		u.expect(1, []string{want, "fix: "}, "up", "--image", reference)
	}
	u.checkNothingLeft()
}

// TestRegistryOnlyTheDaemonReaches: where this program cannot reach a
// registry, the daemon is asked before anyone has to agree to anything.
func TestRegistryOnlyTheDaemonReaches(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dockertest.DockerOnly(t, u.docker, "it asks a registry for others")
	u.expect(1, []string{"the registry cannot be reached", "fix: "}, "up", "--image", "127.0.0.1:1/facecraft:cpu")
	dark := dockertest.NewFaultyRegistry(t)
	dark.Fail("", -1, dockertest.OnlyForDaemons)
	u.expect(1, []string{"the image does not exist", "fix: check the name"},
		"pull", "--image", dark.Host+"/facecraft:nope")
}

// TestPullAlways explains --pull always beside a running server, and shows an
// available image's own size. How a server ended is said only once.
func TestPullAlways(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("leaves")
	inspect, err := u.docker.ImageInspect(t.Context(), image)
	if err != nil {
		t.Fatal(err)
	}
	if p := u.run("plan", "--image", image); !strings.Contains(p, format.Size(inspect.Size)+" on disk") {
		t.Errorf("an image of %s:\n%s", format.Size(inspect.Size), p)
	}
	u.expect(6, nil, "up", "--image", image)
	status := u.run("status")
	if n := strings.Count(status, "Exited (0)"); n != 1 {
		t.Errorf("said %d times:\n%s", n, status)
	}
	for _, want := range []string{"no: it is not running", "exit code 0"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	u.run("up", "--lite", "--recreate")
	const want = "warning: --pull always has no effect while a server is running; " +
		"to switch to a newer image, run: facecraft up --recreate --pull always"
	u.expect(0, []string{want}, "up", "--pull", "always")
	if output := u.expect(0, nil, "up"); strings.Contains(output, want) {
		t.Errorf("said without --pull:\n%s", output)
	}
}
