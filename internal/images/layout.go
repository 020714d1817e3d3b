package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/image"

	"github.com/djok/facecraft/internal/registry"
)

// Media types of the OCI image specification.
const (
	typeIndex    = "application/vnd.oci.image.index.v1+json"
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeConfig   = "application/vnd.oci.image.config.v1+json"
	typeLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"` // bytes
	Annotations map[string]string `json:"annotations,omitempty"`
}

// layout is an OCI image layout with one manifest for each layer, but without the
// layers themselves. A containerd store accepts it, keeps the layers as long as
// the image exists, whenever they arrive, and reports how much of each manifest's
// content is available. (containerd, client/import.go,
// WithSkipMissing; moby, daemon/containerd/image_manifest.go, PresentContentSize)
type layout struct {
	blobs     map[string][]byte // by digest
	manifests []descriptor
	own       map[string]int64  // bytes of a manifest and its config, by the manifest's digest
	layer     map[string]string // the layer of a manifest, by the manifest's digest
}

// newLayout returns a layout that names these blobs, as an image with these labels.
func newLayout(blobs []registry.Layer, platform string, labels map[string]string) layout {
	l := layout{blobs: map[string][]byte{}, own: map[string]int64{}, layer: map[string]string{}}
	system, architecture, _ := strings.Cut(platform, "/")
	for _, blob := range blobs {
		config := l.add(typeConfig, map[string]any{
			"os": system, "architecture": architecture, "config": map[string]any{"Labels": labels},
			"rootfs": map[string]any{"type": "layers", "diff_ids": []string{blob.Digest}},
		})
		manifest := l.add(typeManifest, map[string]any{
			"schemaVersion": 2, "mediaType": typeManifest, "config": config,
			"layers": []descriptor{{MediaType: typeLayer, Digest: blob.Digest, Size: blob.Size}},
		})
		if _, twice := l.layer[manifest.Digest]; twice {
			continue
		}
		l.manifests = append(l.manifests, manifest)
		l.own[manifest.Digest] = manifest.Size + config.Size
		l.layer[manifest.Digest] = blob.Digest
	}
	return l
}

// add adds a JSON document, and returns its descriptor.
func (l layout) add(mediaType string, document any) descriptor {
	data, err := json.Marshal(document)
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	digest := digestOf(data)
	l.blobs[digest] = data
	return descriptor{MediaType: mediaType, Digest: digest, Size: int64(len(data))}
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// archive returns the layout as an archive for `docker load`, under a name.
func (l layout) archive(familiar string) (io.Reader, error) {
	index := l.add(typeIndex, map[string]any{"schemaVersion": 2, "mediaType": typeIndex, "manifests": l.manifests})
	index.Annotations = map[string]string{"io.containerd.image.name": "docker.io/library/" + familiar}
	top, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": typeIndex, "manifests": []descriptor{index},
	})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": top}
	for digest, data := range l.blobs {
		files["blobs/"+strings.Replace(digest, ":", "/", 1)] = data
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	return &archive, w.Close()
}

// available returns which blobs the daemon has, according to its manifest summaries.
func (l layout) available(manifests []image.ManifestSummary) (map[string]bool, error) {
	found := map[string]bool{}
	for _, m := range manifests {
		if own, ok := l.own[m.ID]; ok {
			found[l.layer[m.ID]] = m.Size.Content > own
		}
	}
	if len(found) != len(l.manifests) {
		return nil, fmt.Errorf("the daemon reports %d of %d blobs", len(found), len(l.manifests))
	}
	return found, nil
}
