package images

import (
	"context"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"

	"github.com/djok/facecraft/internal/registry"
)

// LocalLayers returns the daemon's images with their layers.
func (s *Store) LocalLayers(ctx context.Context) ([]registry.LocalLayers, error) {
	list, err := s.Docker.ImageList(ctx, image.ListOptions{})
	for tries := 1; removed(err) && tries < maxLists; tries++ {
		list, err = s.Docker.ImageList(ctx, image.ListOptions{})
	}
	if err != nil {
		return nil, err
	}
	var local []registry.LocalLayers
	for _, summary := range list {
		inspect, err := s.Docker.ImageInspect(ctx, summary.ID)
		if removed(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_, partial := summary.Labels[LabelPartial]
		local = append(local, registry.LocalLayers{
			ID:      inspect.ID,
			DiffIDs: inspect.RootFS.Layers,
			Pulled:  partial || len(inspect.RepoDigests) > 0,
		})
	}
	return local, nil
}

// maxLists is how often to list images while others are being removed.
const maxLists = 5

// removed reports whether an image was removed while it was being inspected. A
// containerd store then reports missing content instead of a missing image.
func removed(err error) bool {
	if err == nil || errdefs.IsNotFound(err) {
		return err != nil
	}
	return strings.Contains(err.Error(), "content digest") && strings.Contains(err.Error(), "not found")
}

// LocalImage is the image that the daemon has for a reference.
type LocalImage struct {
	Here bool
	// Digest, as sha256:…, is the digest it was pulled by; a loaded or built
	// image has none.
	Digest string
	// Unproven marks a digest from a containerd store. There, loaded and built images
	// have one, too, which may not exist in any registry.
	Unproven bool
	Platform string // as linux/amd64
	Size     int64  // bytes, unpacked
}

// Inspect looks up an image. A missing image is not an error.
func (s *Store) Inspect(ctx context.Context, ref string) (LocalImage, error) {
	inspect, err := s.Docker.ImageInspect(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		return LocalImage{}, nil
	case err != nil:
		return LocalImage{}, err
	}
	digest := digestFor(ref, inspect.RepoDigests)
	return LocalImage{
		Here: true, Digest: digest, Unproven: digest == inspect.ID, // elsewhere the ID is the config's digest
		Platform: inspect.Os + "/" + inspect.Architecture, Size: inspect.Size,
	}, nil
}

// digestFor returns the digest for a reference's repository. An image that was
// pulled under several names has one for each.
func digestFor(ref string, repoDigests []string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	if digested, ok := named.(reference.Digested); ok {
		return digested.Digest().String()
	}
	repository := reference.FamiliarName(named)
	i := slices.IndexFunc(repoDigests, func(d string) bool { return strings.HasPrefix(d, repository+"@") })
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(repoDigests[i], repository+"@")
}
