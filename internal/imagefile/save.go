// Package imagefile is the use case of `facecraft save` and `facecraft load`: it moves
// an image to a machine without internet.
package imagefile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/djok/facecraft/internal/carry"
	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/dockerrun"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/helper"
	"github.com/djok/facecraft/internal/helpercmd"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/output"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// Transfer moves images between a daemon and files.
type Transfer struct{ *launch.Launcher }

// Save writes the plan's image to a file for another machine, and returns what
// the file says about it. An image that the daemon does not have is taken from
// its registry or, if built in, from this program: that needs no daemon.
func (t Transfer) Save(ctx context.Context, file output.File, p plan.Plan, f launch.Fetching) (carry.Facts, error) {
	image := p.First().Image
	if strings.Contains(image.Reference, "@") {
		return carry.Facts{}, fault.New(fault.Usage, "name it by its tag",
			"an image loses its digest when it is saved: %s", image.Reference)
	}
	local, err := t.local(ctx, image.Reference, f.When)
	if err != nil {
		return carry.Facts{}, err
	}
	facts, err := t.facts(p)
	switch {
	case err != nil:
		return facts, err
	case local.Here:
		facts.Digest, facts.Platform = local.Digest, local.Platform
		return facts, t.saveLocal(ctx, file, facts, local.Size)
	case image.BuiltIn:
		return facts, saveBuiltIn(file, facts)
	case f.When == launch.FetchNever || f.Connections == 0:
		return facts, fault.New(fault.Failed, "facecraft pull, with the same flags",
			"the image %s is not available locally", image.Reference)
	}
	return t.saveFromRegistry(ctx, file, p, facts, f)
}

// local is the daemon's image, or zero if that should not be saved: there may be no
// daemon, or --pull always may have asked for a newer image.
func (t Transfer) local(ctx context.Context, reference, when string) (images.LocalImage, error) {
	if t.Engine == nil {
		return images.LocalImage{}, nil
	}
	local, err := t.Images.Inspect(ctx, reference)
	if err != nil || when != launch.FetchAlways || t.IsLatest(ctx, reference, local) {
		return local, err
	}
	return images.LocalImage{}, nil
}

// facts are the facts about the plan's image that do not depend on its source.
func (t Transfer) facts(p plan.Plan) (carry.Facts, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return carry.Facts{}, err
	}
	variant, _ := catalogue.Variant(p.First().Variant)
	image := p.First().Image
	return carry.Facts{
		Reference: image.Reference, Platform: image.Platform, Version: t.Version,
		Variant: variant.Name, Summary: variant.Summary,
		UnpackedSize: p.Needs.UnpackedSize, MemoryNeeded: variant.MemoryNeeded,
	}, nil
}

func (t Transfer) saveLocal(ctx context.Context, file output.File, facts carry.Facts, size int64) error {
	return file.Write(func(w io.Writer) error {
		image, err := t.Engine.ImageSave(ctx, []string{facts.Reference})
		if err != nil {
			return err
		}
		defer image.Close()
		err = carry.Write(w, t.counted(image, "Saving "+facts.Reference, size), facts)
		if errors.Is(err, carry.ErrIncomplete) {
			return fault.Wrap(fault.Failed, err, "docker pull "+dockerrun.Quote(facts.Reference),
				"%s cannot be saved", facts.Reference)
		}
		return err
	})
}

func saveBuiltIn(file output.File, facts carry.Facts) error {
	_, arch, _ := strings.Cut(facts.Platform, "/")
	lite, err := helper.New(arch)
	if err != nil {
		return err
	}
	return file.Write(func(w io.Writer) error { return writeCarried(w, facts, lite.Write) })
}

// saveFromRegistry downloads the image as a pull does, once its size is agreed to,
// and writes the file while the layers arrive.
func (t Transfer) saveFromRegistry(ctx context.Context, file output.File, p plan.Plan, facts carry.Facts,
	f launch.Fetching) (carry.Facts, error) {
	published, err := launch.Measured(p)
	if err != nil {
		return facts, err
	}
	estimate, err := t.RegistryClient(ctx).Estimate(ctx,
		registry.Question{Reference: facts.Reference, Platform: facts.Platform, Published: published})
	if err != nil {
		return facts, err
	}
	if estimate.Source == nil {
		return facts, fault.New(fault.Failed, registry.Offline, "%s", strings.Join(estimate.Notes, "; "))
	}
	options := images.Direct{Dir: t.DownloadDir(), Connections: f.Connections}
	estimate.Cached = images.Cached(options.Dir, estimate)
	t.UI.Table([][2]string{{"download", launch.DownloadText(estimate)}})
	if err := roomToSave(options.Dir, file, estimate); err != nil {
		return facts, err
	}
	if err := t.AgreeToDownload(ctx, estimate, f); err != nil {
		return facts, err
	}
	facts.Digest, facts.UnpackedSize = estimate.Digest, estimate.Unpacked
	return facts, images.Download(ctx, estimate, options, t.Report, func(blobs *images.Blobs) error {
		return file.Write(func(w io.Writer) error { return t.writeBlobs(w, facts, estimate, blobs) })
	})
}

// writeBlobs writes the file. It shows progress once everything has arrived.
func (t Transfer) writeBlobs(w io.Writer, facts carry.Facts, estimate registry.Estimate, blobs *images.Blobs) error {
	source := estimate.Source
	image := carry.Image{Reference: facts.Reference, Manifest: source.Manifest(), Content: source.Content(),
		Config: source.Config, Layers: source.Layers, Open: blobs.Open}
	return writeCarried(w, facts, func(archive io.Writer) error {
		return image.WriteArchive(&countingWriter{archive, counter{show: func(done int64) {
			if blobs.Arrived() {
				t.UI.ProgressBar(done, estimate.Download, "Saving %s: %s", facts.Reference, format.Size(done))
			}
		}}})
	})
}

// writeCarried writes the file from an archive that is being written.
func writeCarried(w io.Writer, facts carry.Facts, archive func(io.Writer) error) error {
	reader, writer := io.Pipe()
	defer reader.Close()
	go func() { writer.CloseWithError(archive(writer)) }()
	return carry.Write(w, reader, facts)
}

// roomToSave checks that the download fits into the cache, and again into the file.
// If both have the same free space, they are assumed to be on one disk.
func roomToSave(dir string, file output.File, estimate registry.Estimate) error {
	if dir == "" {
		return fault.New(fault.Failed, "set XDG_CACHE_HOME to a directory with room for the download",
			"there is no cache directory")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(fault.Failed, err, "set XDG_CACHE_HOME to a directory you can write to",
			"the cache directory is not writable")
	}
	needed := map[string]int64{dir: estimate.ToFetch()}
	if file.Path != output.Stdout {
		target := filepath.Dir(file.Path)
		needed[target] += estimate.Download
		cache, err1 := helpercmd.FreeDisk(dir)
		free, err2 := helpercmd.FreeDisk(target)
		if err1 == nil && err2 == nil && cache == free {
			needed[target] += needed[dir]
		}
	}
	for at, bytes := range needed {
		if free, err := helpercmd.FreeDisk(at); err == nil && free < bytes {
			return fault.New(fault.Unrunnable, "free up disk space, or pull and save in a different place",
				"not enough disk space in %s: %s is needed, and %s is free", at, format.Size(bytes), format.Size(free))
		}
	}
	return nil
}
