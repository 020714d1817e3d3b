package images

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
)

// EnsureBuiltIn loads a built-in image out of this program when the daemon
// lacks it, and tells whether it did.
func (s *Store) EnsureBuiltIn(ctx context.Context, img plan.Image, report Reporter) (loaded bool, err error) {
	s.Note(ctx, img.Reference)
	local, err := s.Inspect(ctx, img.Reference)
	if err != nil || local.Here {
		return false, err
	}
	return true, s.load(ctx, img, report)
}

// EnsureLite is the lite image for an architecture (as GOARCH), loaded where the
// daemon lacks it. Nobody has to be told.
func (s *Store) EnsureLite(ctx context.Context, arch string) (plan.Image, error) {
	h, err := s.Helper(arch)
	if err != nil {
		return plan.Image{}, err
	}
	img := plan.Image{Reference: h.Reference(), Platform: "linux/" + arch, BuiltIn: true}
	_, err = s.EnsureBuiltIn(ctx, img, func(progress.Event) {})
	return img, err
}

// load puts the lite image, made of this program, into the daemon.
func (s *Store) load(ctx context.Context, img plan.Image, report Reporter) error {
	_, arch, _ := strings.Cut(img.Platform, "/")
	h, err := s.Helper(arch)
	if err != nil {
		return err
	}
	report(progress.Event{Stage: progress.Loading, Subject: img.Reference})
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(h.Write(writer)) }()
	defer reader.Close()
	return s.LoadArchive(ctx, reader)
}

// LoadArchive gives the daemon an archive as `docker save` writes it.
func (s *Store) LoadArchive(ctx context.Context, archive io.Reader) error {
	response, err := s.Docker.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load the image: %w", err)
	}
	defer response.Body.Close()
	return follow(response.Body, func(jsonmessage.JSONMessage) {})
}

// follow reads a stream of the daemon's messages. A failure can arrive inside
// a stream that began with success.
func follow(body io.Reader, each func(jsonmessage.JSONMessage)) error {
	decoder := json.NewDecoder(body)
	for {
		var m jsonmessage.JSONMessage
		switch err := decoder.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the daemon's answer: %w", err)
		case m.Error != nil:
			return m.Error
		}
		each(m)
	}
}
