package e2e

import (
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
)

// TestChangedPlan is reported, and the server is never replaced without being asked.
func TestChangedPlan(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	before := u.server().ID
	u.expect(1, []string{
		"a server is already running at", "environment: none, not A", "fix: replace it: facecraft up --recreate",
	}, "up", "--lite", "--env", "A=1")
	u.expect(2, []string{`no restart policy "bogus"`}, "up", "--lite", "--restart", "bogus")
	u.run("up", "--lite", "--env", "A=1", "--recreate")
	if u.server().ID == before {
		t.Error("--recreate did not replace the server")
	}
	u.expect(0, []string{"replace it with facecraft up --recreate", "environment: A"}, "up", "--lite")
}

// TestChangedSecret is reported without showing the secret.
func TestChangedSecret(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	for _, step := range []struct {
		value string
		code  int
		says  string
	}{
		{"one", 0, "is ready"}, {"one", 0, "is already running"},
		{"two", 1, "environment: SECRET has a different value"},
	} {
		u.with("SECRET="+step.value).expect(step.code, []string{step.says}, "up", "--lite", "--env", "SECRET")
	}
}

// TestAmbientVariable has the value that the image sets anyway, and so is not
// a difference.
func TestAmbientVariable(t *testing.T) {
	t.Parallel()
	u := newUser(t).with("FACECRAFT_DEVICE=cpu")
	for _, says := range []string{"is ready", "is already running"} {
		if output := u.expect(0, []string{says}, "up", "--lite"); strings.Contains(output, "differs") {
			t.Errorf("a difference is reported:\n%s", output)
		}
	}
}

// TestMovedTag has a server whose image's tag was moved to another image.
func TestMovedTag(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	image := u.stub("old", "0s")
	u.run("up", "--image", image)
	u.run("pull", "--lite")
	for _, tags := range [][2]string{{image, image + "-kept"}, {dockertest.Lite(t).Reference(), image}} {
		if err := u.docker.ImageTag(t.Context(), tags[0], tags[1]); err != nil {
			t.Fatal(err)
		}
	}
	u.expect(0, []string{"is already running"}, "up", "--image", image, "--pull", "never")
	u.run("down") // when its image is removed, no tag would lead to it
}
