package registry

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/djok/facecraft/internal/fault"
)

// Open opens an image in a registry for one platform (such as linux/amd64) for
// reading its layers. It fetches only the manifest. Docker Hub counts one or
// two requests.
func (c Client) Open(ctx context.Context, reference, platform string) (v1.Image, error) {
	if _, err := name.ParseReference(reference); err != nil {
		return nil, fault.Wrap(fault.Usage, err, "use REGISTRY/REPOSITORY:TAG", "%q is not an image reference", reference)
	}
	var image v1.Image
	_, err := c.eachSource(reference, func(ref name.Reference, auth authn.Authenticator) error {
		found, err := c.image(ctx, ref, auth, platform, c.transport())
		image = found.image
		return err
	})
	if err != nil {
		return nil, explained("read", reference, err)
	}
	return image, nil
}
