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

// EnsureBuiltIn loads a built-in image if the daemon does not have it, and
// reports whether it did.
func (s *Store) EnsureBuiltIn(ctx context.Context, img plan.Image, report Reporter) (loaded bool, err error) {
	s.Note(ctx, img.Reference)
	local, err := s.Inspect(ctx, img.Reference)
	if err != nil || local.Here {
		return false, err
	}
	return true, s.load(ctx, img, report)
}

// EnsureLite returns the lite image for an architecture (as GOARCH), and loads
// it if the daemon does not have it, without progress reports.
func (s *Store) EnsureLite(ctx context.Context, arch string) (plan.Image, error) {
	h, err := s.Helper(arch)
	if err != nil {
		return plan.Image{}, err
	}
	img := plan.Image{Reference: h.Reference(), Platform: "linux/" + arch, BuiltIn: true}
	_, err = s.EnsureBuiltIn(ctx, img, func(progress.Event) {})
	return img, err
}

// load loads the lite image, built from this program, into the daemon.
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

// LoadArchive loads an archive as written by `docker save`.
func (s *Store) LoadArchive(ctx context.Context, archive io.Reader) error {
	response, err := s.Docker.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load the image: %w", err)
	}
	defer response.Body.Close()
	return follow(response.Body, func(jsonmessage.JSONMessage) {})
}

// follow reads a stream of messages from the daemon. A stream that starts
// successfully can still contain an error.
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
