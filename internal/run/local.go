package run

import (
	"context"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"

	"github.com/djok/facecraft/internal/registry"
)

// LocalImages are the daemon's images with their layers.
func (r *Runner) LocalImages(ctx context.Context) ([]registry.LocalImage, error) {
	list, err := r.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, err
	}
	var local []registry.LocalImage
	for _, summary := range list {
		inspect, err := r.Docker.ImageInspect(ctx, summary.ID)
		if errdefs.IsNotFound(err) {
			continue // removed in the meantime
		}
		if err != nil {
			return nil, err
		}
		_, partial := summary.Labels[labelPartial]
		local = append(local, registry.LocalImage{
			ID:      inspect.ID,
			DiffIDs: inspect.RootFS.Layers,
			Pulled:  partial || len(inspect.RepoDigests) > 0,
		})
	}
	return local, nil
}

// Here tells whether the daemon has an image, and under which digest (as
// sha256:…) it was pulled; a loaded or built image has none.
func (r *Runner) Here(ctx context.Context, ref string) (here bool, digest string, err error) {
	inspect, err := r.Docker.ImageInspect(ctx, ref)
	switch {
	case errdefs.IsNotFound(err):
		return false, "", nil
	case err != nil:
		return false, "", err
	}
	return true, digestFor(ref, inspect.RepoDigests), nil
}

// digestFor finds the digest of a reference's own repository. An image that
// was pulled under several names has one for each.
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
