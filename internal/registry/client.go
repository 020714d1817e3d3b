// Package registry asks an image's registry what a pull will cost: the
// estimate. It does not know the daemon; what the daemon already has is passed
// in as data.
package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Client queries registries as the daemon would.
type Client struct {
	// Keychain finds logins; nil uses Docker's configuration.
	Keychain authn.Keychain
	// Mirrors are the daemon's mirrors of Docker Hub, as URLs. Like the daemon,
	// the client asks them first.
	Mirrors []string
	// Transport is nil outside tests.
	Transport http.RoundTripper
}

// Digest returns what a reference currently resolves to in the registry, as
// sha256:…. It costs one HEAD request, which Docker Hub does not count.
// (https://docs.docker.com/docker-hub/usage/pulls/)
func (c Client) Digest(ctx context.Context, reference string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, estimateTimeout)
	defer cancel()
	var digest string
	_, err := c.eachSource(reference, func(ref name.Reference, auth authn.Authenticator) error {
		descriptor, err := remote.Head(ref, c.options(ctx, auth, c.transport())...)
		if err == nil {
			digest = descriptor.Digest.String()
		}
		return err
	})
	return digest, err
}

// Has tells whether the registry has that digest in the repository of a
// reference. It costs one HEAD request, as Digest does.
func (c Client) Has(ctx context.Context, reference, digest string) (bool, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return false, err
	}
	_, err = c.Digest(ctx, ref.Context().Name()+"@"+digest)
	if Missing(err) {
		return false, nil
	}
	return err == nil, err
}

// eachSource asks the mirrors and then the registry until one answers. It
// returns the mirror that did, or "".
func (c Client) eachSource(reference string,
	ask func(name.Reference, authn.Authenticator) error) (mirror string, err error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	if ref.Context().RegistryStr() == name.DefaultRegistry {
		for _, mirror := range c.Mirrors {
			mirrored, err := throughMirror(ref, mirror)
			if err != nil {
				continue // the daemon would not use it either
			}
			if ask(mirrored, authn.Anonymous) == nil {
				return mirror, nil
			}
		}
	}
	auth, _ := c.authenticator(ref)
	return "", ask(ref, auth)
}

func throughMirror(ref name.Reference, mirror string) (name.Reference, error) {
	at, err := url.Parse(mirror)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("%q is not a URL", mirror)
	}
	var options []name.Option
	if at.Scheme == "http" {
		options = append(options, name.Insecure)
	}
	separator := ":"
	if _, ok := ref.(name.Digest); ok {
		separator = "@"
	}
	return name.ParseReference(at.Host+"/"+ref.Context().RepositoryStr()+separator+ref.Identifier(), options...)
}

func (c Client) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return remote.DefaultTransport
}

// options turn off the library's retries: each would be another counted
// request.
func (c Client) options(ctx context.Context, auth authn.Authenticator, transport http.RoundTripper) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithAuth(auth), remote.WithTransport(transport),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}), remote.WithRetryStatusCodes(),
	}
}

// errPlatform means that the registry has the image only for other platforms.
var errPlatform = errors.New("no matching manifest")

// image resolves a reference to the image for one platform (such as
// linux/amd64). It costs one counted request, and one more if the reference is
// an index.
func (c Client) image(ctx context.Context, ref name.Reference, auth authn.Authenticator, platform string,
	transport http.RoundTripper) (r resolved, err error) {
	descriptor, err := remote.Get(ref, c.options(ctx, auth, transport)...)
	if err != nil {
		return r, err
	}
	r.add(descriptor.Digest, string(descriptor.MediaType), descriptor.Manifest)
	if !descriptor.MediaType.IsIndex() {
		r.image, err = descriptor.Image()
		return r, err
	}
	child, err := childFor(descriptor, platform)
	if err != nil {
		return r, err
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		return r, err
	}
	if r.image, err = index.Image(child.Digest); err != nil {
		return r, err
	}
	content, err := r.image.RawManifest()
	r.add(child.Digest, string(child.MediaType), content)
	return r, err
}

// childFor picks the image for a platform from an index.
func childFor(descriptor *remote.Descriptor, platform string) (child v1.Descriptor, err error) {
	wanted, err := v1.ParsePlatform(platform)
	if err != nil {
		return child, err
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		return child, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return child, err
	}
	var offered []string
	for _, child := range manifest.Manifests {
		if child.Platform == nil || child.Platform.OS == "unknown" { // an attestation
			continue
		}
		if child.Platform.OS == wanted.OS && child.Platform.Architecture == wanted.Architecture {
			return child, nil
		}
		offered = append(offered, child.Platform.String())
	}
	return child, fmt.Errorf("%w for %s: it is for %s", errPlatform, platform, strings.Join(offered, ", "))
}

// limitRecorder records the remaining pulls from Docker Hub's headers.
type limitRecorder struct {
	http.RoundTripper
	mu    sync.Mutex
	limit *Limit
}

func (r *limitRecorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.RoundTripper.RoundTrip(request)
	if err == nil {
		if limit := parseLimit(response.Header); limit != nil {
			r.mu.Lock()
			r.limit = limit
			r.mu.Unlock()
		}
	}
	return response, err
}
