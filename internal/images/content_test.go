package images_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/dockertest"
	"github.com/djok/facecraft/internal/registry"
)

// TestAvailable: a containerd store reports for each blob whether it has it, and is
// left unchanged. The test counts the daemon's images, so no other test may run in
// parallel.
func TestAvailable(t *testing.T) {
	docker := dockertest.Engine(t)
	dockertest.ContentStoreOnly(t, docker)
	p := newPuller(t, docker)
	here, missing := dockertest.Layer(t, 100_000), dockertest.Layer(t, 100_000)
	p.mustPull(t, p.push(t, "base:1", dockertest.ImageOf(t, here)))
	before, err := p.LocalLayers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	blobs := []registry.Layer{blob(t, missing), blob(t, here), blob(t, here)}
	got := p.Available(t.Context(), blobs, platform)
	if len(got) != 2 || !got[blobs[1].Digest] || got[blobs[0].Digest] {
		t.Errorf("it says %v", got)
	}
	if after, err := p.LocalLayers(t.Context()); err != nil || len(after) != len(before) {
		t.Errorf("%d images before and %d after, %v", len(before), len(after), err)
	}
}

func blob(t *testing.T, layer v1.Layer) registry.Layer {
	t.Helper()
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	size, err := layer.Size()
	if err != nil {
		t.Fatal(err)
	}
	return registry.Layer{Digest: digest.String(), Size: size}
}
