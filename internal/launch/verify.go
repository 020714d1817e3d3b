package launch

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/assay"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/inventory"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/trial"
)

// Assay returns what verifies images, as a variant if one is named. Without a
// daemon, it can only verify files and images in registries.
func (l *Launcher) Assay(ctx context.Context, known plan.Catalogue, variant string,
	depth inventory.Depth) (assay.Assay, error) {
	checks, err := finding.Checks()
	if err != nil {
		return assay.Assay{}, err
	}
	work := assay.Assay{
		Registry: l.RegistryClient(ctx), Catalogue: known, Checks: checks, Variant: variant, Run: depth == inventory.RunDepth,
		Readme: "README.md",
		Options: inventory.Options{Depth: depth.Read(), Platform: "linux/" + runtime.GOARCH,
			Interest: assay.InterestOf(known),
			Cache:    inventory.Cache(l.CacheDir("layers")), Progress: func(done, total int64) {
				l.UI.ProgressBar(done, total, "reading %s of layers", format.Size(total))
			}},
		Container: func(ctx context.Context, reference string) (plan.Container, error) {
			return l.asUp(ctx, known, variant, reference)
		},
		Say: l.UI.Progress,
	}
	if l.Engine != nil {
		work.Daemon = &trial.Daemon{Docker: l.Engine, Instance: l.Instance, Images: l.Images, Version: l.Version,
			Unfinished: l.Unfinished,
			FreeDisk:   l.freeDisk, Say: l.UI.Progress}
	}
	return work, nil
}

// WouldRun is the image that up would run. It loads the built-in one, which no
// registry has.
func (l *Launcher) WouldRun(ctx context.Context, request plan.Request) (reference string, err error) {
	p, err := l.Decide(ctx, request)
	if err != nil {
		return "", err
	}
	img := p.First().Image
	if img.BuiltIn {
		_, err = l.Images.EnsureBuiltIn(ctx, img, func(progress.Event) {})
	}
	return img.Reference, err
}

// asUp is the container that up would start from an image.
func (l *Launcher) asUp(ctx context.Context, known plan.Catalogue, variant, reference string) (plan.Container, error) {
	request := plan.Request{Instance: l.Instance, Tag: variant, Image: reference}
	if v, _ := known.Variant(variant); v.BuiltIn || helper.IsReference(reference) {
		request.Tag, request.Image = plan.Lite, "" // it has no other image
	}
	p, err := l.Decide(ctx, request)
	if err != nil {
		return plan.Container{}, err
	}
	return p.First(), nil
}

// glanceTimeout limits a check of an image that was not asked for.
const glanceTimeout = 10 * time.Second

// mattering are the checks whose findings users of an image would notice.
var mattering = []string{"torch-cuda", "cuda-twice", "models", "model-closure", "root", "cache-perm", "ort-both",
	"ort-cuda", "dlib-blas"}

// pitfalls are what a quick check of an image's files finds that matters for
// running it. It ignores what it cannot check in time.
func (l *Launcher) pitfalls(ctx context.Context, variant, reference string) (found []string) {
	known, err := catalogue.Load()
	if err != nil {
		return nil
	}
	work, err := l.Assay(ctx, known, variant, inventory.FilesDepth)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, glanceTimeout)
	defer cancel()
	report, err := work.Verify(ctx, reference)
	if err != nil {
		return nil
	}
	for _, f := range report.Findings {
		if f.Counts() && slices.Contains(mattering, f.ID) {
			found = append(found, f.Statement)
		}
	}
	return found
}

// warnOfPitfalls warns in one line about problems with an image that was just
// pulled.
func (l *Launcher) warnOfPitfalls(ctx context.Context, c plan.Container) {
	if c.Image.BuiltIn {
		return
	}
	l.UI.Progress("looking at the files of %s", c.Image.Reference)
	found := l.pitfalls(ctx, c.Variant, c.Image.Reference)
	l.UI.Clear()
	if len(found) == 0 {
		return
	}
	more := ""
	if len(found) > 2 {
		more = fmt.Sprintf("; %d more", len(found)-2)
	}
	l.UI.Warn("the image has pitfalls: %s%s (facecraft verify %s)", strings.Join(found[:min(2, len(found))], "; "), more,
		c.Image.Reference)
}

// imagePitfalls are those of the images that are available locally.
func (l *Launcher) imagePitfalls(ctx context.Context, known plan.Catalogue) (list []plan.ImagePitfalls) {
	for _, v := range known.Variants {
		reference := known.Reference(v)
		if local, err := l.Images.Inspect(ctx, reference); v.BuiltIn || err != nil || !local.Here {
			continue
		}
		list = append(list,
			plan.ImagePitfalls{Image: reference, Pitfalls: append([]string{}, l.pitfalls(ctx, v.Name, reference)...)})
	}
	return list
}
