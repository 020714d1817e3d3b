package launch

import (
	"context"
	"runtime"

	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// Push uploads the lite image to a registry, without Docker, and returns its
// reference by digest.
func (s Settings) Push(ctx context.Context, reference string) (string, error) {
	lite, err := helper.New(runtime.GOARCH)
	if err != nil {
		return "", err
	}
	s.UI.Progress("Compressing the image")
	image, err := lite.Compressed()
	if err != nil {
		return "", err
	}
	digest, note, err := registry.Client{}.Push(ctx, reference, image, func(done, total int64) {
		s.UI.ProgressBar(done, total, "Pushing %s of %s", format.Size(done), format.Size(total))
	})
	s.UI.Clear()
	if note != "" {
		s.UI.Warn("%s", note)
	}
	return plan.Image{Reference: reference, Digest: digest}.Pinned(), err
}
