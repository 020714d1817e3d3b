package carry

import (
	"archive/tar"
	"encoding/json"
	"io"
	"path"
	"time"

	"github.com/distribution/reference"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image is an image as a registry has it.
type Image struct {
	Reference string // with a tag
	Manifest  v1.Descriptor
	Content   []byte // of the manifest
	Config    v1.Descriptor
	Layers    []v1.Descriptor // from the base up
	// Open opens the config or a layer. Reading checks its content.
	Open func(digest v1.Hash) (io.Reader, error)
}

// WriteArchive writes an image as an archive like that of `docker save`: an OCI
// image layout with the registry's own manifest, for containerd stores, and
// manifest.json for all others. The layers stay compressed; `docker load`
// decompresses them.
func (i Image) WriteArchive(w io.Writer) error {
	out := tar.NewWriter(w)
	documents, err := i.documents()
	if err != nil {
		return err
	}
	for _, d := range documents {
		if err := writeEntry(out, d.name, d.content); err != nil {
			return err
		}
	}
	written := map[v1.Hash]bool{}
	for _, blob := range append([]v1.Descriptor{i.Config}, i.Layers...) {
		if written[blob.Digest] {
			continue
		}
		written[blob.Digest] = true
		content, err := i.Open(blob.Digest)
		if err != nil {
			return err
		}
		if err := out.WriteHeader(header(blobName(blob.Digest), blob.Size)); err != nil {
			return err
		}
		if _, err := io.Copy(out, content); err != nil {
			return err
		}
	}
	return out.Close()
}

type document struct {
	name    string
	content []byte
}

// documents are the entries in front of the blobs.
func (i Image) documents() ([]document, error) {
	named, err := reference.ParseNormalizedNamed(i.Reference)
	if err != nil {
		return nil, err
	}
	named = reference.TagNameOnly(named)
	top := i.Manifest
	// The annotations by which containerd and other tools find the name.
	top.Annotations = map[string]string{
		"io.containerd.image.name":          named.String(),
		"org.opencontainers.image.ref.name": named.(reference.Tagged).Tag(),
	}
	index, err := json.Marshal(v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{top},
	})
	if err != nil {
		return nil, err
	}
	var layers []string
	for _, layer := range i.Layers {
		layers = append(layers, blobName(layer.Digest))
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": blobName(i.Config.Digest), "RepoTags": []string{reference.FamiliarString(named)}, "Layers": layers,
	}})
	return []document{
		{"oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", index},
		{manifestFile, manifest},
		{blobName(i.Manifest.Digest), i.Content},
	}, err
}

// blobName is a blob's place in an OCI image layout.
func blobName(digest v1.Hash) string { return path.Join("blobs", digest.Algorithm, digest.Hex) }

func writeEntry(out *tar.Writer, name string, content []byte) error {
	if err := out.WriteHeader(header(name, int64(len(content)))); err != nil {
		return err
	}
	_, err := out.Write(content)
	return err
}

// header is the same for the same content whenever it is written.
func header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0)}
}
