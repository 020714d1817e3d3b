package registry

import (
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Source is what is needed to download an image without the daemon: where its
// blobs are, and its manifests as received from the registry.
type Source struct {
	Repository name.Repository
	Auth       authn.Authenticator
	// Manifests start with what the reference resolves to, which may be an
	// index, and end with the image's manifest.
	Manifests []Manifest
	Config    v1.Descriptor
	Layers    []v1.Descriptor // from the base up
}

// Manifest is a manifest or an index, byte for byte.
type Manifest struct {
	Digest    v1.Hash
	MediaType string
	Content   []byte
}

// resolved is what a reference resolves to for one platform.
type resolved struct {
	image     v1.Image
	manifests []Manifest
}

func (r resolved) digest() string { return r.manifests[0].Digest.String() }

// source returns where the image's blobs are.
func (r resolved) source(ref name.Reference, auth authn.Authenticator) (*Source, error) {
	manifest, err := r.image.Manifest()
	if err != nil {
		return nil, err
	}
	return &Source{
		Repository: ref.Context(), Auth: auth, Manifests: r.manifests,
		Config: manifest.Config, Layers: manifest.Layers,
	}, nil
}

// add records a manifest that was read while resolving the image.
func (r *resolved) add(digest v1.Hash, mediaType string, content []byte) {
	r.manifests = append(r.manifests, Manifest{digest, mediaType, content})
}

// Manifest describes the image's own manifest.
func (s *Source) Manifest() v1.Descriptor {
	last := s.Manifests[len(s.Manifests)-1]
	return v1.Descriptor{MediaType: types.MediaType(last.MediaType), Digest: last.Digest, Size: int64(len(last.Content))}
}

// Content is the image's own manifest, byte for byte.
func (s *Source) Content() []byte { return s.Manifests[len(s.Manifests)-1].Content }
