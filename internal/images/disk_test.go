package images_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/progress"
)

// TestSmallDisk uses a daemon whose disk is nearly full.
func TestSmallDisk(t *testing.T) {
	t.Parallel()
	daemon := dockertest.NewSmallDaemon(t, 120<<20)
	p := newPuller(t, daemon.Client(t))
	p.Helper = func(string) (*helper.Helper, error) { return dockertest.Lite(t), nil }

	free, err := (&helper.Containers{Docker: p.docker, Image: p.EnsureLite}).FreeDisk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := helpercmd.FreeDisk(daemon.Data)
	if err != nil {
		t.Fatal(err)
	}
	// The container, which has been removed, used a little.
	if free > seen || free < seen-1<<20 {
		t.Errorf("the container sees %d free bytes and the host %d", free, seen)
	}

	t.Run("refused before the first byte", func(t *testing.T) {
		reference := p.push(t, "large:1", dockertest.ImageOf(t, dockertest.Layer(t, 130<<20)))
		p.registry.Reset()
		cmd := exec.CommandContext(t.Context(), dockertest.Binary(t), "pull", "--image", reference)
		cmd.Env = append(os.Environ(), daemon.Environ()...)
		output, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != int(fault.Unrunnable) {
			t.Errorf("%v\n%s", err, output)
		}
		if text := string(output); !strings.Contains(text, "not enough disk space") ||
			!strings.Contains(text, "needs 136.3 MB, and") {
			t.Errorf("the numbers are missing:\n%s", text)
		}
		if served := p.registry.Served(); served > 10_000 {
			t.Errorf("the registry served %d bytes", served)
		}
	})
	t.Run("full in the middle", func(t *testing.T) {
		zeros := dockertest.FileLayer(t, "zeros", make([]byte, 150<<20)) // small to download and large to unpack
		reference := p.push(t, "bomb:1", dockertest.ImageOf(t, dockertest.Layer(t, 1<<20), zeros))
		err := p.pull(t, reference)
		if fault.HintOf(err) != "free up disk space: docker system df shows what Docker uses" ||
			p.count(progress.Retrying) != 0 {
			t.Errorf("%v (%s), %d retries", err, fault.HintOf(err), p.count(progress.Retrying))
		}
		// A containerd store collects what is left over after a moment.
		eventually(t, "the disk is free again", func() bool {
			left, err := helpercmd.FreeDisk(daemon.Data)
			return err == nil && left >= free-10<<20
		})
	})
}

// TestDaemonsMirror: a Docker Hub image and its estimate come from the daemon's
// mirror, without the hub.
func TestDaemonsMirror(t *testing.T) {
	t.Parallel()
	mirror := dockertest.NewFaultyRegistry(t)
	layer := dockertest.Layer(t, 100_000)
	img := dockertest.ImageFor(t, "amd64", layer) // the published images' only platform
	dockertest.Push(t, mirror.Host+"/djok/facecraft:cpu", img)
	mirror.Reset()
	daemon := dockertest.NewSmallDaemon(t, 120<<20, "--registry-mirror", "http://"+mirror.Host)
	cmd := exec.CommandContext(t.Context(), dockertest.Binary(t), "pull", "--tag", "cpu")
	cmd.Env = append(os.Environ(), daemon.Environ()...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if text := string(output); !strings.Contains(text, "mirror    http://"+mirror.Host) ||
		!strings.Contains(text, "disk space may run out") {
		t.Errorf("it says\n%s", text)
	}
	local, err := (&images.Store{Docker: daemon.Client(t)}).Inspect(t.Context(), "djok/facecraft:cpu")
	if digest, _ := img.Digest(); err != nil || local.Digest != digest.String() {
		t.Errorf("the daemon has %+v, %v; published was %s", local, err, digest)
	}
}
