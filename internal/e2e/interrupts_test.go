package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/djok/facecraft/internal/dockertest"
)

func TestInterruptPull(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	registry := dockertest.NewFaultyRegistry(t)
	reference := registry.Host + "/djok/facecraft:cpu"
	layer := dockertest.Layer(t, 4<<20) // one that the daemon cannot already have
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	dockertest.Push(t, reference, dockertest.ImageOf(t, layer))
	const half = 1 << 20
	registry.Fail("GET /v2/djok/facecraft/blobs/"+digest.String(), -1, dockertest.StallAfter(half))
	dockertest.RemoveImages(t, u.docker, reference)
	interrupt(u, u.command("up", "--image", reference), func() {
		waitFor(t, func() bool { return registry.Served() >= half })
	})
	if u.hasImage(reference) {
		t.Error("half an image was kept")
	}
}

func TestInterruptWait(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	reference := u.stub("silent")
	interrupt(u, u.command("up", "--image", reference), func() {
		waitFor(t, func() bool {
			list := u.containers()
			return len(list) == 1 && list[0].State == "running"
		})
		time.Sleep(200 * time.Millisecond) // some polls into the wait
	})
}

// interrupt sends Ctrl-C as soon as ready returns, and expects the end that
// the README promises.
func interrupt(u *user, cmd *exec.Cmd, ready func()) {
	u.t.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	ready()
	begin := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		u.t.Fatal(err)
	}
	err := cmd.Wait()
	u.t.Logf("ended %s after the interruption", time.Since(begin).Round(time.Millisecond))
	if code := exitCode(err); code != 130 {
		u.t.Errorf("exit code %d, want 130\n%s", code, &output)
	}
	u.checkNothingLeft()
}
