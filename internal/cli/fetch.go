package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/catalog"
	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// freely is how many bytes are downloaded without asking.
const freely = 500_000_000

// newerTimeout bounds the look for a newer image. It is a courtesy.
const newerTimeout = 2 * time.Second

// When an image is fetched.
const (
	fetchAlways  = "always"  // when the registry has another than is here
	fetchMissing = "missing" // when it is not here
	fetchNever   = "never"
)

// fetching is how the user wants images to be fetched.
type fetching struct {
	When string
	Yes  bool  // agreed beforehand
	Max  int64 // bytes agreed to beforehand; 0 is no limit
	// tell takes the bill, beside what is shown to people.
	tell func(registry.Bill)
}

// fetchFlags are shared by the commands that may download an image.
func fetchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "pull", EnvVars: env("pull"), Value: fetchMissing, DefaultText: fetchMissing,
			Usage: "`WHEN`: always, missing, never"},
		&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, EnvVars: append(env("yes"), "FACECRAFT_YES"),
			Usage: "agree to the download"},
		&cli.StringFlag{Name: "max-download", EnvVars: env("max-download"),
			Usage: "agree to a download of up to `SIZE`, as 6GB"},
	}
}

func fetchingOf(c *cli.Context) (fetching, error) {
	f := fetching{When: c.String("pull"), Yes: c.Bool("yes")}
	switch f.When {
	case fetchAlways, fetchMissing, fetchNever:
	default:
		return f, fault.New(fault.Usage, "use always, missing or never", "--pull %s is not known", f.When)
	}
	if text := c.String("max-download"); text != "" {
		size, err := units.FromHumanSize(text)
		if err != nil || size <= 0 {
			return f, fault.New(fault.Usage, "use a size such as 500MB or 6GB", "--max-download %s is not a size", text)
		}
		f.Max = size
	}
	return f, nil
}

// ensureImage makes the plan's image present, after showing what that costs
// and asking when it is much, and notes its digest in the plan. It tells
// whether there was anything to do.
func (s *session) ensureImage(ctx context.Context, p *plan.Plan, f fetching) (fetched bool, err error) {
	image := p.First().Image
	if image.BuiltIn {
		return s.images.EnsureBuiltIn(ctx, image, s.Report)
	}
	local, err := s.images.Inspect(ctx, image.Reference)
	if err != nil {
		return false, err
	}
	if local.Here {
		s.images.Note(ctx, image.Reference)
	}
	switch {
	case local.Here && f.When != fetchAlways:
		p.SetDigest(local.Digest)
		return false, nil
	case f.When == fetchNever:
		return false, fault.New(fault.Failed, "leave --pull never out, or bring it with facecraft load FILE",
			"the image %s is not here", image.Reference)
	}
	if local.Digest != "" {
		latest, err := s.registryClient(ctx).Digest(ctx, image.Reference)
		if err == nil && latest == local.Digest {
			p.SetDigest(local.Digest)
			return false, nil
		}
	}
	if err := s.fetch(ctx, *p, f); err != nil {
		return false, err
	}
	local, err = s.images.Inspect(ctx, image.Reference)
	p.SetDigest(local.Digest)
	return true, err
}

// offline fits the remedy of a registry that is not reached to the command.
func offline(err error, remedy string) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Hint != registry.Offline {
		return err
	}
	fitting := *f
	fitting.Hint = remedy
	return &fitting
}

// fetch pulls the plan's image, at the price that was agreed to.
func (s *session) fetch(ctx context.Context, p plan.Plan, f fetching) error {
	bill, free, err := s.bill(ctx, p)
	if err != nil {
		return err
	}
	if bill.DownloadEstimated {
		if err := s.images.AskRegistry(ctx, p.First().Image.Reference, s.Report); err != nil {
			return err
		}
	}
	if f.tell != nil {
		f.tell(bill)
	}
	s.app.showBill(bill, free)
	if err := s.app.checkDisk(bill, free); err != nil {
		return err
	}
	if err := s.app.consent(ctx, bill, f); err != nil {
		return err
	}
	s.images.Note(ctx, p.First().Image.Reference) // also of what is kept of a pull that fails
	return s.images.Pull(ctx, p.First().Image, images.PullOptions{Bill: bill, Report: s.Report})
}

// bill asks the registry what the image costs, and the daemon what disk it
// has for it.
func (s *session) bill(ctx context.Context, p plan.Plan) (bill registry.Bill, free plan.Fact[int64], err error) {
	image := p.First().Image
	s.app.ui.Progress("asking for the size of %s", image.Reference)
	local, err := s.images.LocalImages(ctx)
	if err != nil {
		return bill, free, err
	}
	known, err := measured(p)
	if err != nil {
		return bill, free, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if bytes, err := s.freeDisk(ctx); err == nil {
			free = plan.Known(bytes, "a container's root file system")
		} else {
			free = plan.Unknown[int64](err.Error())
		}
	})
	wg.Go(func() {
		bill, err = s.registryClient(ctx).Bill(ctx, registry.Question{
			Reference: image.Reference, Platform: image.Platform, Local: local, Known: known,
		})
	})
	wg.Wait()
	s.app.ui.Clear()
	return bill, free, err
}

// measured is what the catalogue knows, where the plan uses its image.
func measured(p plan.Plan) (registry.Known, error) {
	catalogue, err := catalog.Load()
	if err != nil {
		return registry.Known{}, err
	}
	variant, _ := catalogue.Variant(p.First().Variant)
	if p.First().Image.Reference != catalogue.Reference(variant) {
		return registry.Known{}, nil
	}
	return registry.Known{Digest: variant.Digest, Unpacked: variant.UnpackedSize}, nil
}

func (a *app) showBill(bill registry.Bill, free plan.Fact[int64]) {
	rows := [][2]string{{"download", downloadText(bill)}, {"on disk", diskText(bill, free)}}
	if bill.Limit != nil {
		rows = append(rows, [2]string{"pulls left", fmt.Sprintf("%d of %d per %s", bill.Limit.Remaining, bill.Limit.Pulls, shortly(time.Duration(bill.Limit.Seconds)*time.Second))})
	}
	if bill.Mirror != "" {
		rows = append(rows, [2]string{"mirror", bill.Mirror})
	}
	a.ui.Table(rows)
	for _, note := range bill.Notes {
		a.ui.Warn("%s", note)
	}
}

func downloadText(bill registry.Bill) string {
	switch {
	case !bill.Known():
		return "of unknown size"
	case bill.DownloadEstimated:
		return "at most " + plan.Size(bill.Download) + ", an estimate from the catalogue"
	}
	text := fmt.Sprintf("%s, %d of %d layers", plan.Size(bill.Download), len(bill.Missing()), len(bill.Layers))
	if bill.Here > 0 {
		text += "; " + plan.Size(bill.Here) + " are here already"
	}
	return text
}

func diskText(bill registry.Bill, free plan.Fact[int64]) string {
	var parts []string
	if bill.Unpacked > 0 {
		about := ""
		if bill.UnpackedEstimated {
			about = "about "
		}
		parts = append(parts, about+plan.Size(bill.Unpacked), about+plan.Size(bill.Peak())+" while it unpacks")
	}
	if free.Known {
		parts = append(parts, plan.Size(free.Value)+" are free")
	} else {
		parts = append(parts, "free space unknown: "+free.Evidence)
	}
	return strings.Join(parts, ", ")
}

// checkDisk stops what would certainly end in a full disk, and warns of what
// might: unpacked sizes are often estimates.
func (a *app) checkDisk(bill registry.Bill, free plan.Fact[int64]) error {
	if !free.Known || bill.Peak() <= free.Value {
		return nil
	}
	certain := bill.Peak()
	switch {
	case bill.DownloadEstimated:
		certain = 0
	case bill.UnpackedEstimated:
		certain = bill.Download
	}
	if certain > free.Value {
		return fault.New(fault.Unrunnable, "make room: docker system df shows what takes it",
			"the disk of the Docker daemon is too small: %s needs %s and %s are free", bill.Reference, plan.Size(certain), plan.Size(free.Value))
	}
	a.ui.Warn("the disk may not be enough: %s are free, and the image may need %s while it unpacks",
		plan.Size(free.Value), plan.Size(bill.Peak()))
	return nil
}

// consent is the user's word that the download may begin.
func (a *app) consent(ctx context.Context, bill registry.Bill, f fetching) error {
	size := "the download is " + downloadText(bill)
	switch {
	case f.Max > 0 && (!bill.Known() || bill.Download > f.Max):
		return fault.New(fault.Declined, "raise it, or leave it out", "%s, more than --max-download %s", size, plan.Size(f.Max))
	case f.Yes || f.Max > 0 || bill.Known() && bill.Download <= freely:
		return nil
	case !a.ui.CanAsk(a.Stdin):
		return fault.New(fault.Declined, "agree with --yes or FACECRAFT_YES=1, or up to a size with --max-download 6GB",
			"%s, and nobody is here to agree to it", size)
	}
	question := "download it now?"
	if bill.Known() {
		question = "download " + plan.Size(bill.Download) + " now?"
	}
	agreed, err := a.ui.Confirm(ctx, a.Stdin, question)
	if err == nil && !agreed {
		err = fault.New(fault.Declined, "facecraft up --lite downloads nothing", "the download was declined")
	}
	return err
}

// registryClient asks as the daemon does, through its mirrors.
func (s *session) registryClient(ctx context.Context) registry.Client {
	if s.engine == nil {
		return registry.Client{}
	}
	client := s.images.Registry
	if info, err := s.Docker.Info(ctx); err == nil && info.RegistryConfig != nil {
		client.Mirrors = info.RegistryConfig.Mirrors
	}
	return client
}

// newer is the digest of another image that the registry has under the
// reference by now, or "": also when it cannot be asked in time.
func (s *session) newer(ctx context.Context, reference, digest string) string {
	if digest == "" || strings.Contains(reference, "@") {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, newerTimeout)
	defer cancel()
	latest, err := s.registryClient(ctx).Digest(ctx, reference)
	if err != nil || latest == digest {
		return ""
	}
	return latest
}
