package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/fault"
)

// TestConsentOnATerminal asks before a large download, with the estimate, and
// takes no for an answer. The terminal is made by script (util-linux).
func TestConsentOnATerminal(t *testing.T) {
	t.Parallel()
	docker := dockertest.Engine(t)
	script, err := exec.LookPath("script")
	dockertest.Need(t, err, "script, which makes a terminal")
	dockertest.Lite(t) // the program loads it to see how much disk is free
	registry := dockertest.NewFaultyRegistry(t)
	reference := registry.Host + "/facecraft:large"
	pushClaiming(t, reference, 2_000_000_000)

	line := dockertest.Binary(t) + " pull --image " + reference
	cmd := exec.CommandContext(t.Context(), script, "-qec", line, os.DevNull)
	cmd.Stdin = strings.NewReader("n\n")
	cmd.Env = append(os.Environ(), "FACECRAFT_INSTANCE="+dockertest.Instance(t, docker))
	output, err := cmd.CombinedOutput()
	if exitCode(err) != int(fault.Declined) {
		t.Errorf("%v, want exit code %d", err, fault.Declined)
	}
	for _, want := range []string{
		"2 GB, 1 of 1 layers", "Download 2 GB now?", "[Y/n]",
		"the download was declined", "facecraft up --lite downloads nothing",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %q in\n%s", want, output)
		}
	}
}

// pushClaiming publishes an image whose manifest claims that its layer has so
// many bytes.
func pushClaiming(t *testing.T, reference string, size int64) {
	t.Helper()
	img := dockertest.ImageOf(t, dockertest.Layer(t, 10))
	dockertest.Push(t, reference, img)
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	manifest = manifest.DeepCopy()
	manifest.Layers[0].Size = size
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Put(tag, claim{data, manifest.MediaType}); err != nil {
		t.Fatal(err)
	}
}

type claim struct {
	manifest  []byte
	mediaType types.MediaType
}

func (c claim) RawManifest() ([]byte, error)        { return c.manifest, nil }
func (c claim) MediaType() (types.MediaType, error) { return c.mediaType, nil }
