package images

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/opencontainers/go-digest"
)

// adopt tags the image that the daemon pulled from here with its real name, and
// removes the temporary name.
func (d *direct) adopt(ctx context.Context) error {
	named, err := reference.ParseNormalizedNamed(d.image.Reference)
	if err != nil {
		return err
	}
	_, pinned := named.(reference.Digested)
	if !pinned {
		if err := d.store.Docker.ImageTag(ctx, d.from, reference.TagNameOnly(named).String()); err != nil {
			return fmt.Errorf("name the image: %w", err)
		}
	}
	// In a containerd store an image has its digest under every name, and the
	// pull by digest would add a second name that stays.
	if pinned || !d.store.keepsContent(ctx) {
		if err := d.confirm(ctx, named); err != nil && pinned {
			return err
		}
	}
	own, _, _ := strings.Cut(d.from, "/")
	d.store.removeServed(ctx, func(host string) bool { return host == own })
	return ctx.Err()
}

// confirm has the daemon itself pull the image from the registry by digest. It
// already has all the layers, and learns that they come from the registry: from
// then on the image has that digest, as after any pull.
func (d *direct) confirm(ctx context.Context, named reference.Named) error {
	pinned, err := reference.WithDigest(reference.TrimNamed(named), digest.Digest(d.download.estimate.Digest))
	if err != nil {
		return err
	}
	return d.watched(ctx, pinned.String(), DefaultRetry.Stall, func(jsonmessage.JSONMessage) bool { return false })
}

// served matches the names under which the loopback serves images.
var served = regexp.MustCompile(`^(127\.0\.0\.1:\d+)/[0-9a-f]{32}/`)

// removeServed removes the names of images that came from some loopbacks.
// Images with other names are kept.
func (s *Store) removeServed(ctx context.Context, from func(host string) bool) {
	list, err := s.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return // best effort
	}
	for _, summary := range list {
		for _, name := range append(summary.RepoTags, summary.RepoDigests...) {
			if parts := served.FindStringSubmatch(name); parts != nil && from(parts[1]) {
				_, _ = s.Docker.ImageRemove(ctx, name, image.RemoveOptions{})
			}
		}
	}
}

// listening reports whether a server is listening there.
func listening(ctx context.Context, host string) bool {
	connection, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", host)
	if err == nil {
		connection.Close()
	}
	return err == nil
}
