package e2e

import (
	"strings"
	"testing"
)

// TestPausedServer is neither used nor replaced; the remedy resumes it.
func TestPausedServer(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	u.run("up", "--lite")
	id := u.server().ID
	if err := u.docker.ContainerPause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"up", "--lite"}, {"open"}} {
		u.expect(1, []string{
			"the server " + u.instance + " is paused", "fix: docker unpause " + u.instance,
		}, args...)
	}
	if status := u.run("status"); !strings.Contains(status, "it is paused") {
		t.Errorf("status says %s", status)
	}
	if err := u.docker.ContainerUnpause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	u.run("up", "--lite")
}
