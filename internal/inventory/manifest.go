package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// descriptor is what a manifest says about a blob.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	Platform  *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
	Annotations map[string]string `json:"annotations"`

	name string // in the store
}

func (d descriptor) packed() bool {
	return strings.HasSuffix(d.MediaType, "gzip") || strings.HasSuffix(d.MediaType, "zstd")
}

// manifest lists the parts of one image in a store.
type manifest struct {
	config      string // in the store
	layers      []descriptor
	tag, digest string
}

// manifestOf finds the image in a store. The OCI layout is preferred because it has
// digests.
func manifestOf(s store, platform string) (manifest, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	err := readJSON(s, "index.json", &index)
	switch {
	case err == nil:
		return fromIndex(s, index.Manifests, platform, 0)
	case !isMissing(err):
		return manifest{}, err
	}
	var list []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := readJSON(s, "manifest.json", &list); err != nil {
		if isMissing(err) {
			err = fmt.Errorf("%w: there is neither index.json nor manifest.json", ErrNoImage)
		}
		return manifest{}, err
	}
	if len(list) != 1 {
		return manifest{}, fmt.Errorf("it holds %d images; save one of them alone", len(list))
	}
	found := manifest{config: path.Clean(list[0].Config)}
	if len(list[0].RepoTags) > 0 {
		found.tag = TagOf(list[0].RepoTags[0])
	}
	found.digest = "sha256:" + strings.TrimSuffix(path.Base(found.config), ".json")
	for _, name := range list[0].Layers {
		found.layers = append(found.layers, descriptor{name: path.Clean(name)})
	}
	return found, nil
}

// isMissing reports whether a store lacks the file.
func isMissing(err error) bool { return errors.Is(err, ErrNoImage) || errors.Is(err, fs.ErrNotExist) }

// maxIndices is how deeply indices may be nested.
const maxIndices = 3

func fromIndex(s store, list []descriptor, platform string, depth int) (manifest, error) {
	if depth > maxIndices {
		return manifest{}, hostile("its indices are nested too deep")
	}
	chosen, err := choose(list, platform)
	if err != nil {
		return manifest{}, err
	}
	var file struct {
		Config    descriptor   `json:"config"`
		Layers    []descriptor `json:"layers"`
		Manifests []descriptor `json:"manifests"`
	}
	name, err := blobName(chosen.Digest)
	if err != nil {
		return manifest{}, err
	}
	if err := readJSON(s, name, &file); err != nil {
		return manifest{}, err
	}
	tag := TagOf(":" + chosen.Annotations["org.opencontainers.image.ref.name"])
	if len(file.Manifests) > 0 {
		found, err := fromIndex(s, file.Manifests, platform, depth+1)
		if found.tag == "" {
			found.tag = tag
		}
		return found, err
	}
	found := manifest{layers: file.Layers, tag: tag, digest: chosen.Digest}
	if found.config, err = blobName(file.Config.Digest); err != nil {
		return manifest{}, err
	}
	for i := range found.layers {
		if found.layers[i].name, err = blobName(found.layers[i].Digest); err != nil {
			return manifest{}, err
		}
	}
	return found, nil
}

// choose picks the image for a platform, ignoring attestations.
func choose(list []descriptor, platform string) (descriptor, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(d descriptor) bool {
		return d.Platform != nil && d.Platform.OS == "unknown"
	})
	if len(list) == 1 {
		return list[0], nil
	}
	var offered []string
	for _, d := range list {
		if d.Platform == nil {
			continue
		}
		name := d.Platform.OS + "/" + d.Platform.Architecture
		if name == platform {
			return d, nil
		}
		offered = append(offered, name)
	}
	if len(offered) == 0 {
		return descriptor{}, fmt.Errorf("%w: it lists %d images and no platforms", ErrNoImage, len(list))
	}
	return descriptor{}, fmt.Errorf("it has no image for %s: it is for %s", platform, strings.Join(offered, ", "))
}

// blobName returns where a layout stores a blob.
func blobName(digest string) (string, error) {
	algorithm, sum, ok := strings.Cut(digest, ":")
	if !ok || strings.ContainsAny(digest, "/\\") || algorithm == "" || len(sum) < 32 {
		return "", hostile("%q is not a digest", digest)
	}
	return "blobs/" + algorithm + "/" + sum, nil
}

// TagOf returns the tag of a reference, or "".
func TagOf(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	name := path.Base(reference)
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return ""
}
