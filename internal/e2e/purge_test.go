package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/plan"
)

// TestPurge is not parallel: it removes the lite image, which all tests use.
func TestPurge(t *testing.T) {
	u := newUser(t)
	u.run("up", "--lite")
	used := u.instance + "_uploads"
	u.expect(4, []string{"This will be permanently deleted", used, "facecraft-lite:", "MB", "--yes"}, "down", "--purge")
	if len(u.containers()) != 1 {
		t.Error("the server was removed before anyone agreed")
	}
	// What another container uses is kept, and what is left of a pull is removed.
	other := u.instance + "-other"
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", other).Run() })
	dockerRun(t, "--detach", "--name", other, "--volume", used+":/its", u.stub("silent"))
	partial := leftOfPull(u)
	u.expect(0, []string{used, "kept: used by " + other, plan.ShortName(partial)}, "down", "--purge", "--yes")
	u.checkVolumes(1)
	if u.hasImage(partial) {
		t.Error("what is left of a pull was not removed")
	}
	if err := u.docker.ContainerRemove(t.Context(), other, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	u.run("down", "--purge", "--yes")
	u.checkNothingLeft()
	if u.hasImage(dockertest.Lite(t).Reference()) {
		t.Error("the lite image was not removed")
	}
	u.run("down", "--purge") // nothing left to ask about
	// What is left of a pull goes although there never was a server.
	alone := leftOfPull(u)
	u.expect(0, []string{plan.ShortName(alone)}, "down", "--purge", "--yes")
	if u.hasImage(alone) {
		t.Error("what is left of a pull without a server was not removed")
	}
	// The built-in image is loaded to be verified: no registry has it. What is
	// found differs: Podman drops the health check.
	said, _ := u.command("verify", "--tag", "lite", "--depth", "config").CombinedOutput()
	if !u.hasImage(dockertest.Lite(t).Reference()) {
		t.Errorf("the built-in image was not loaded to be verified:\n%s", said)
	}
	u.run("down", "--purge", "--yes")
}

// leftOfPull loads an image such as an interrupted pull leaves.
func leftOfPull(u *user) string {
	u.t.Helper()
	img, err := mutate.Config(dockertest.ImageOf(u.t), v1.Config{
		Labels: map[string]string{"io.facecraft.partial": "djok/facecraft:cpu"},
	})
	if err != nil {
		u.t.Fatal(err)
	}
	return dockertest.Load(u.t, u.docker, img)
}

// TestPurgeLeavesOthers removes no image that the instance did not bring or
// use, and none that another instance did. It is not parallel: everybody has
// the published name, which it may have to assign.
func TestPurgeLeavesOthers(t *testing.T) {
	first, second, third := newUser(t), newUser(t), newUser(t)
	const published = "djok/facecraft:gpu"
	image := first.stub("silent")
	if !first.hasImage(published) {
		if err := first.docker.ImageTag(t.Context(), image, published); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = exec.Command("docker", "rmi", published).Run() })
	}
	nothing := []string{"Nothing to remove"}
	third.expect(0, nothing, "down", "--purge") // without --yes: it may be a real one

	for _, u := range []*user{first, second} {
		u.run("pull", "--image", image)
	}
	output := first.expect(0, []string{"kept: used by the instance " + second.instance}, "down", "--purge", "--yes")
	if strings.Contains(output, published) {
		t.Errorf("it mentions an image of others:\n%s", output)
	}
	if !first.hasImage(image) {
		t.Error("another instance's image was removed")
	}
	first.expect(0, nothing, "down", "--purge")
	output = second.expect(0, []string{plan.ShortName(image)}, "down", "--purge", "--yes")
	if first.hasImage(image) {
		t.Errorf("the image was kept after its last user's purge:\n%s", output)
	}
	second.expect(0, nothing, "down", "--purge")
}
