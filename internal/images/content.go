package images

import (
	"context"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/djok/facecraft/internal/engine"
	"github.com/djok/facecraft/internal/registry"
)

// keepsContent reports whether the daemon's images are in a containerd store,
// which knows every blob by its digest, wherever it came from.
func (s *Store) keepsContent(ctx context.Context) bool {
	info, err := s.Docker.Info(ctx)
	return err == nil && engine.HasContainerdStore(info)
}

// Available returns which of these blobs the daemon has, by digest, or nil if only
// LocalLayers can tell. The API has no call for this, so it loads an image that
// names the blobs, inspects it, and removes it.
func (s *Store) Available(ctx context.Context, blobs []registry.Layer, platform string) map[string]bool {
	if len(blobs) == 0 || !s.keepsContent(ctx) {
		return nil
	}
	layout := newLayout(blobs, platform, nil)
	name := partialRepository + ":asked-" + shortDigest(layout.manifests[0].Digest)
	archive, err := layout.archive(name)
	if err != nil {
		return nil
	}
	defer s.drop(ctx, name)
	if err := s.LoadArchive(ctx, archive); err != nil {
		return nil
	}
	inspect, err := s.Docker.ImageInspect(ctx, name, client.ImageInspectWithManifests(true))
	if err != nil {
		return nil
	}
	available, err := layout.available(inspect.Manifests)
	if err != nil {
		return nil
	}
	return available
}

// drop removes an image, even after an interruption.
func (s *Store) drop(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	_, _ = s.Docker.ImageRemove(ctx, name, image.RemoveOptions{}) // best effort
}
