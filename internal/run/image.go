package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/fault"
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
	response, err := r.Docker.ImageLoad(ctx, reader, client.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("load %s: %w", img.Reference, err)
	}
	defer response.Body.Close()
	return follow(response.Body, func(jsonmessage.JSONMessage) {})
}

// pull downloads an image. The daemon stops when ctx does.
func (r *Runner) pull(ctx context.Context, img plan.Image) error {
	r.Report(Event{Stage: Pulling, Subject: img.Reference})
	body, err := r.Docker.ImagePull(ctx, img.Reference, image.PullOptions{Platform: img.Platform})
	if err != nil {
		return pullFault(img, err)
	}
	defer body.Close()
	var layers tally
	if err := follow(body, func(m jsonmessage.JSONMessage) {
		layers.add(m)
		done, total := layers.sum()
		r.Report(Event{Stage: Pulling, Subject: img.Reference, Done: done, Total: total})
	}); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return pullFault(img, err)
	}
	return nil
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

// tally adds up the layers of a pull. The daemon names a layer's size only
// when its download starts, so that the total grows at first.
type tally map[string]struct{ done, total int64 }

func (t *tally) add(m jsonmessage.JSONMessage) {
	if *t == nil {
		*t = tally{}
	}
	layer := (*t)[m.ID]
	switch {
	case m.Status == "Downloading" && m.Progress != nil:
		layer.done, layer.total = m.Progress.Current, m.Progress.Total
	case m.Status == "Download complete" || m.Status == "Pull complete":
		layer.done = layer.total
	default:
		return
	}
	(*t)[m.ID] = layer
}

func (t tally) sum() (done, total int64) {
	for _, layer := range t {
		done += layer.done
		total += layer.total
	}
	return done, total
}

// pullFaults are the permanent failures of a pull by their wording, each with
// its remedy.
var pullFaults = []struct{ text, what, hint string }{
	{"toomanyrequests", "the registry's pull limit is reached", "log in with docker login, or try again in some hours"},
	{"manifest unknown", "there is no such image", "check the tag"},
	{"name unknown", "there is no such image", "check the name"},
	{"pull access denied", "there is no such image, or it needs a login", "check the name, or docker login"},
	{"no matching manifest", "the image does not exist for the daemon's platform", "use another variant"},
	{"no space left on device", "the disk of the Docker daemon is full", "make room: docker system df shows what takes it"},
	{"no such host", "the registry cannot be reached", "check the network; facecraft up --lite needs none"},
	{"connection refused", "the registry cannot be reached", "check the address; facecraft up --lite needs no registry"},
	{"i/o timeout", "the registry cannot be reached", "check the network; facecraft up --lite needs none"},
	{"Client.Timeout exceeded", "the registry does not answer", "check the network; facecraft up --lite needs none"},
}

func pullFault(img plan.Image, err error) error {
	for _, f := range pullFaults {
		if strings.Contains(err.Error(), f.text) {
			return fault.Wrap(fault.Failed, err, f.hint, "pull %s: %s", img.Reference, f.what)
		}
	}
	return fmt.Errorf("pull %s: %w", img.Reference, err)
}
