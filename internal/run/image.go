package run

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
)

// load puts the lite image, made of this program, into the daemon.
func (r *Runner) load(ctx context.Context, img plan.Image) error {
	_, arch, _ := strings.Cut(img.Platform, "/")
	h, err := r.Helper(arch)
	if err != nil {
		return err
	}
	r.Report(Event{Stage: Loading, Subject: img.Reference})
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(h.Write(writer)) }()
	defer reader.Close()
	return r.LoadArchive(ctx, reader)
}

// LoadArchive gives the daemon an archive as `docker save` writes it.
func (r *Runner) LoadArchive(ctx context.Context, archive io.Reader) error {
	response, err := r.Docker.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
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
