package images

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/loopback"
	"github.com/djok/facecraft/internal/registry"
)

// recogniseTimeout limits how long Recognised takes.
const recogniseTimeout = 5 * time.Second

// errSettled ends a pull once the answer is known.
var errSettled = errors.New("the daemon has said which layers it has")

// Recognised returns how many of these layers, from the base up, a daemon with a
// graph driver would not download. Such a daemon knows a layer by the digest of its
// blob, which it learns only by downloading it, not from a built or loaded image,
// even if a later pull gave that a name. The API has no call for this, so the
// daemon is told to pull an image of these layers from this program, which has
// none of their content. known is false if the daemon cannot do that.
// (moby, distribution/xfer, LayerDownloadManager.Download)
func (s *Store) Recognised(ctx context.Context, layers []registry.Layer, platform string) (n int, known bool) {
	ctx, cancel := context.WithTimeout(ctx, recogniseTimeout)
	defer cancel()
	pulling, settle := context.WithCancelCause(ctx)
	defer settle(nil)
	server, err := loopback.Serve(loopback.Image{Name: "recognised", Manifests: []loopback.Manifest{manifestOf(layers)},
		Blobs: func(request context.Context, _ v1.Hash) (io.ReadSeeker, error) {
			select { // without its configuration the pull would end too soon
			case <-request.Done():
			case <-pulling.Done():
			}
			return nil, errSettled
		}})
	if err != nil {
		return 0, false
	}
	defer server.Close()
	body, err := s.Docker.ImagePull(pulling, server.Reference(), image.PullOptions{Platform: platform})
	if err != nil {
		return 0, false
	}
	defer body.Close()
	_ = follow(body, func(m jsonmessage.JSONMessage) {
		switch m.Status {
		case "Already exists":
			n++
			known = n == len(layers)
		case "Pulling fs layer":
			known = true
		}
		if known {
			settle(errSettled)
		}
	})
	return n, known
}

// manifestOf returns the manifest of an image of these layers, with a configuration
// that does not exist.
func manifestOf(layers []registry.Layer) loopback.Manifest {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	config := descriptor{MediaType: typeConfig, Digest: digestOf(secret), Size: int64(len(secret))}
	descriptors := []descriptor{}
	for _, layer := range layers {
		descriptors = append(descriptors, descriptor{MediaType: typeLayer, Digest: layer.Digest, Size: layer.Size})
	}
	content, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": typeManifest, "config": config,
		"layers": descriptors})
	if err != nil {
		panic(err) // strings and numbers
	}
	digest, err := v1.NewHash(digestOf(content))
	if err != nil {
		panic(err) // it is a valid digest
	}
	return loopback.Manifest{Digest: digest, MediaType: typeManifest, Content: content}
}
