package carry_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/dockertest"
)

// asInRegistry describes an image as its registry does.
func asInRegistry(t *testing.T, img v1.Image) carry.Image {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	content, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return carry.Image{
		Reference: "djok/facecraft:cpu", Content: content, Config: manifest.Config, Layers: manifest.Layers,
		Manifest: v1.Descriptor{MediaType: manifest.MediaType, Digest: digest, Size: int64(len(content))},
		Open: func(digest v1.Hash) (io.Reader, error) {
			if digest == manifest.Config.Digest {
				config, err := img.RawConfigFile()
				return bytes.NewReader(config), err
			}
			layer, err := img.LayerByDigest(digest)
			if err != nil {
				return nil, err
			}
			return layer.Compressed()
		},
	}
}

// TestArchiveOfARegistryImage: what is written without a daemon passes for what
// a daemon saves. A layer that occurs twice is written once.
func TestArchiveOfARegistryImage(t *testing.T) {
	t.Parallel()
	layer := dockertest.Layer(t, 50_000)
	img := dockertest.ImageOf(t, layer, dockertest.Layer(t, 1000), layer)
	var archive, file bytes.Buffer
	if err := asInRegistry(t, img).WriteArchive(&archive); err != nil {
		t.Fatal(err)
	}
	if err := carry.Write(&file, &archive, facts); err != nil {
		t.Fatal(err)
	}
	got, err := carry.Verify(bytes.NewReader(file.Bytes()))
	const files = 7 // oci-layout, index.json, manifest.json, the manifest, the config, two layers
	if err != nil || len(got.Files) != files {
		t.Fatalf("%+v, %v", got, err)
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file.Bytes())), nil }
	read, err := tarball.Image(opener, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if id, err := read.ConfigName(); err != nil || id != want {
		t.Errorf("its ID is %s, %v; want %s", id, err, want)
	}
	if layers, err := read.Layers(); err != nil || len(layers) != 3 {
		t.Errorf("%d layers, %v", len(layers), err)
	}
}

// TestArchiveThatBreaks: a blob that is too short or cannot be read leaves no
// complete archive.
func TestArchiveThatBreaks(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for what, open := range map[string]func(v1.Hash) (io.Reader, error){
		"nothing opens": func(v1.Hash) (io.Reader, error) { return nil, broken },
		"reading breaks": func(v1.Hash) (io.Reader, error) {
			return io.MultiReader(bytes.NewReader([]byte("{")), failing{broken}), nil
		},
		"too short": func(v1.Hash) (io.Reader, error) { return bytes.NewReader([]byte("{")), nil },
	} {
		img := asInRegistry(t, dockertest.ImageOf(t, dockertest.Layer(t, 1000)))
		img.Open = open
		if err := img.WriteArchive(io.Discard); err == nil || what != "too short" && !errors.Is(err, broken) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
