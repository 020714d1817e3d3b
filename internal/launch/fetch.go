package launch

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/djok/facecraft/internal/catalogue"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// withoutAsking is how many bytes are downloaded without asking.
const withoutAsking = 500_000_000

// newerTimeout limits the check for a newer image, which is only a courtesy.
const newerTimeout = 2 * time.Second

// When an image is fetched.
const (
	FetchAlways  = "always"  // when the registry has a different one
	FetchMissing = "missing" // when it is not available locally
	FetchNever   = "never"
)

// Fetching is how the user wants images to be fetched.
type Fetching struct {
	When string
	Yes  bool  // agreed in advance
	Max  int64 // bytes agreed to in advance; 0 means no limit
	// Connections to the registry, at most; 0 leaves the download to the daemon.
	Connections int
	// Tell receives the estimate, in addition to what is shown to people.
	Tell func(registry.Estimate)
}

// EnsureImage makes the plan's image available locally, after showing what that
// costs and asking if it is a lot, and records its digest in the plan. It reports
// whether there was anything to do.
func (l *Launcher) EnsureImage(ctx context.Context, p *plan.Plan, f Fetching) (fetched bool, err error) {
	image := p.First().Image
	if image.BuiltIn {
		return l.Images.EnsureBuiltIn(ctx, image, l.Report)
	}
	local, err := l.Images.Inspect(ctx, image.Reference)
	if err != nil {
		return false, err
	}
	if local.Here {
		l.Images.Note(ctx, image.Reference)
	}
	switch {
	case local.Here && f.When != FetchAlways:
		p.SetDigest(local.Digest)
		return false, nil
	case f.When == FetchNever:
		return false, fault.New(fault.Failed, "drop --pull never, or load it with facecraft load FILE",
			"the image %s is not available locally", image.Reference)
	}
	if l.IsLatest(ctx, image.Reference, local) {
		p.SetDigest(local.Digest)
		return false, nil
	}
	if err := l.fetch(ctx, *p, f); err != nil {
		return false, err
	}
	local, err = l.Images.Inspect(ctx, image.Reference)
	p.SetDigest(local.Digest)
	return true, err
}

// IsLatest reports whether the registry has the local image under the reference.
func (l *Launcher) IsLatest(ctx context.Context, reference string, local images.LocalImage) bool {
	if local.Digest == "" {
		return false // it was never pulled
	}
	latest, err := l.RegistryClient(ctx).Digest(ctx, reference)
	return err == nil && latest == local.Digest
}

// fetch pulls the plan's image, once its download size is agreed to.
func (l *Launcher) fetch(ctx context.Context, p plan.Plan, f Fetching) error {
	estimate, free, err := l.estimate(ctx, p)
	if err != nil {
		return err
	}
	direct, cache := images.Direct{Dir: l.DownloadDir(), Connections: f.Connections}, ""
	if f.Connections > 0 {
		estimate.Cached = images.Cached(direct.Dir, estimate)
		if l.Images.CanPullFromHere(ctx) == "" && direct.Objection(estimate) == "" {
			cache = direct.Dir
		}
	}
	if estimate.DownloadEstimated {
		if err := l.Images.AskRegistry(ctx, p.First().Image.Reference, l.Report, images.DefaultRetry); err != nil {
			return err
		}
	}
	if f.Tell != nil {
		f.Tell(estimate)
	}
	l.showEstimate(estimate, free, cache)
	l.showLeft(ctx, estimate)
	if err := l.checkDisk(estimate, free); err != nil {
		return err
	}
	if err := l.AgreeToDownload(ctx, estimate, f); err != nil {
		return err
	}
	l.Images.Note(ctx, p.First().Image.Reference) // before the pull: if it fails, what it leaves is claimed, too
	return l.Images.Pull(ctx, p.First().Image, images.PullOptions{Estimate: estimate, Report: l.Report, Direct: direct})
}

// estimate asks the registry for the image's size, and the daemon for its free
// disk space.
func (l *Launcher) estimate(ctx context.Context, p plan.Plan) (estimate registry.Estimate,
	free plan.Fact[int64], err error) {
	image := p.First().Image
	l.UI.Progress("Checking the download size of %s", image.Reference)
	local, err := l.Images.LocalLayers(ctx)
	if err != nil {
		return estimate, free, err
	}
	published, err := Measured(p)
	if err != nil {
		return estimate, free, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if bytes, err := l.freeDisk(ctx); err == nil {
			free = plan.Known(bytes, "a container's root file system")
		} else {
			free = plan.Unknown[int64](err.Error())
		}
	})
	wg.Go(func() {
		estimate, err = l.RegistryClient(ctx).Estimate(ctx, registry.Question{
			Reference: image.Reference, Platform: image.Platform, Local: local, Published: published,
			Available: l.available(image.Platform), Recognised: l.recognised(image.Platform),
		})
	})
	wg.Wait()
	l.UI.Clear()
	return estimate, free, err
}

// available asks the daemon which blobs of an image for a platform it has.
func (l *Launcher) available(platform string) func(context.Context, []registry.Layer) map[string]bool {
	return func(ctx context.Context, blobs []registry.Layer) map[string]bool {
		return l.Images.Available(ctx, blobs, platform)
	}
}

// recognised asks the daemon which layers of an image for a platform it would not
// download.
func (l *Launcher) recognised(platform string) func(context.Context, []registry.Layer) (int, bool) {
	return func(ctx context.Context, layers []registry.Layer) (int, bool) {
		return l.Images.Recognised(ctx, layers, platform)
	}
}

// Measured is what the catalogue knows, where the plan uses its image.
func Measured(p plan.Plan) (registry.Published, error) {
	catalogue, err := catalogue.Load()
	if err != nil {
		return registry.Published{}, err
	}
	variant, _ := catalogue.Variant(p.First().Variant)
	if p.First().Image.Reference != catalogue.Reference(variant) {
		return registry.Published{}, nil
	}
	return registry.Published{Digest: variant.Digest, Unpacked: variant.UnpackedSize}, nil
}

// RegistryClient asks as the daemon does, through its mirrors.
func (l *Launcher) RegistryClient(ctx context.Context) registry.Client {
	if l.Engine == nil {
		return registry.Client{}
	}
	client := l.Images.Registry
	if info, err := l.Engine.Info(ctx); err == nil && info.RegistryConfig != nil {
		client.Mirrors = info.RegistryConfig.Mirrors
	}
	return client
}

// Newer is the digest of a different image that the registry now has under the
// reference, or "", also if it does not answer in time.
func (l *Launcher) Newer(ctx context.Context, reference, digest string) string {
	if digest == "" || strings.Contains(reference, "@") {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, newerTimeout)
	defer cancel()
	client := l.RegistryClient(ctx)
	latest, err := client.Digest(ctx, reference)
	if err != nil || latest == digest {
		return ""
	}
	// A containerd store gives images that were loaded or built a digest, too:
	// they are not older than what the registry has.
	if pulled, err := client.Has(ctx, reference, digest); err != nil || !pulled {
		return ""
	}
	return latest
}

// Offline replaces the remedy of an error about an unreachable registry.
func Offline(err error, remedy string) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Hint != registry.Offline {
		return err
	}
	fitting := *f
	fitting.Hint = remedy
	return &fitting
}
