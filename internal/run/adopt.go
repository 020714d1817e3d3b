package run

import (
	"context"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/container"

	"github.com/djok/facecraft/internal/api"
	"github.com/djok/facecraft/internal/plan"
)

// Unmanaged lists running and paused facecraft servers that this program did
// not start, but Compose or a person did. They are recognised by an image from
// the given repository, by their image's label, or by the API schema that they
// serve. They belong to the default instance, and are never stopped.
func (r *Runner) Unmanaged(ctx context.Context, repository string) ([]Server, error) {
	if r.Instance != plan.DefaultInstance {
		return nil, nil
	}
	// Podman does not count paused ones as running
	list, err := r.Docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	servers, recognised := make([]Server, len(list)), make([]bool, len(list))
	var wg sync.WaitGroup
	for i, c := range list {
		if _, own := c.Labels[plan.LabelInstance]; own || c.State != "running" && c.State != "paused" {
			continue
		}
		servers[i] = r.fromSummary(ctx, c)
		servers[i].Unmanaged = true
		if servers[i].URL != "" {
			wg.Go(func() { recognised[i] = r.isFacecraft(ctx, servers[i], c.Labels[titleLabel], repository) })
		}
	}
	wg.Wait()
	var others []Server
	for i, s := range servers {
		if recognised[i] {
			others = append(others, s)
		}
	}
	return others, nil
}

// titleLabel is set by the published images and by the lite image; a
// container's labels include its image's.
const titleLabel, title = "org.opencontainers.image.title", "facecraft"

func (r *Runner) isFacecraft(ctx context.Context, s Server, labelled, repository string) bool {
	if labelled == title || strings.HasPrefix(s.Image, repository+":") || strings.HasPrefix(s.Image, repository+"@") {
		return true
	}
	if r.Remote {
		return false
	}
	client := api.New(s.URL)
	defer client.Close()
	return client.IsFacecraft(ctx)
}
