package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/djok/facecraft/internal/fault"
)

// Push uploads an image to the repository and tag of a reference, with the login
// that a pull from there would use, and returns its digest as sha256:…. Layers
// that the registry has are not sent again. If the login cannot be read, the push
// is anonymous, and note says so. sent is told bytes.
func (c Client) Push(ctx context.Context, reference string, image v1.Image,
	sent func(done, total int64)) (digest, note string, err error) {
	tag, err := name.NewTag(reference)
	if err != nil {
		return "", "", fault.Wrap(fault.Usage, err, "use REGISTRY/REPOSITORY:TAG", "cannot push to %q", reference)
	}
	hash, err := image.Digest()
	if err != nil {
		return "", "", err
	}
	auth, note := c.authenticator(tag)
	updates := make(chan v1.Update, 100)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for update := range updates {
			if update.Error == nil {
				sent(update.Complete, update.Total)
			}
		}
	}()
	err = remote.Write(tag, image, remote.WithContext(ctx), remote.WithAuth(auth), remote.WithTransport(c.transport()),
		remote.WithProgress(updates))
	<-shown
	if err != nil {
		return "", note, pushFailure(reference, tag.RegistryStr(), err)
	}
	return hash.String(), note, nil
}

// pushFailure explains a push that failed. Some answers mean something else than
// for a pull, or have other remedies.
func pushFailure(reference, host string, err error) error {
	what, hint := pushRefusal(host, err)
	if what == "" {
		f := find(err)
		what, hint = f.what, f.hint
		if f.kind == Unreachable || hint == Offline {
			hint = "check the address and the network"
		}
	}
	if what == "" {
		return fmt.Errorf("push %s: %w", reference, err)
	}
	return fault.Wrap(fault.Failed, err, hint, "push %s: %s", reference, what)
}

// pushRefusal recognises what the registry, or the encryption before it, refuses.
func pushRefusal(host string, err error) (what, hint string) {
	login := strings.TrimSuffix("docker login "+host, " "+name.DefaultRegistry)
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return "the registry's certificate is not trusted", "install its certificate authority on this machine"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the registry has no TLS", "set up TLS there; plain http is used with localhost and private addresses only"
	}
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return "", ""
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		return "the registry requires a login", login
	case http.StatusForbidden:
		return "the registry denied it", "log in as a user who may push there: " + login
	case http.StatusNotFound:
		return "the registry has no such repository", "create it there, or check its name"
	case http.StatusMethodNotAllowed:
		return "the registry is read-only", "push to a different one"
	case http.StatusRequestEntityTooLarge:
		return "the image is larger than the registry accepts", "raise the limit of uploads there, or in the proxy before it"
	}
	if answer.StatusCode >= http.StatusInternalServerError {
		return "the registry has a server error", "try again later"
	}
	return "", ""
}
