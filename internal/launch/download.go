package launch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/images"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

// showEstimate shows what a pull costs. The download is kept in cache meanwhile,
// unless that is "".
func (l *Launcher) showEstimate(estimate registry.Estimate, free plan.Fact[int64], cache string) {
	rows := [][2]string{{"download", DownloadText(estimate)}, {"on disk", diskText(estimate, free)}}
	if cache != "" {
		rows = append(rows,
			[2]string{"cache", format.Size(estimate.Download) + " in " + cache + " until Docker has the image"})
	}
	if estimate.Limit != nil {
		rows = append(rows, [2]string{"pulls left", fmt.Sprintf("%d of %d per %s", estimate.Limit.Remaining,
			estimate.Limit.Pulls, format.Duration(time.Duration(estimate.Limit.Seconds)*time.Second))})
	}
	if estimate.Mirror != "" {
		rows = append(rows, [2]string{"mirror", estimate.Mirror})
	}
	l.UI.Table(rows)
	for _, note := range estimate.Notes {
		l.UI.Warn("%s", note)
	}
}

// DownloadText says how much of an image is downloaded.
func DownloadText(estimate registry.Estimate) string {
	switch {
	case !estimate.Known():
		return "of unknown size"
	case estimate.DownloadEstimated:
		return "at most " + format.Size(estimate.Download) + ", an estimate from the catalogue"
	}
	text := fmt.Sprintf("%s, %d of %d layers", format.Size(estimate.ToFetch()), len(estimate.Missing()),
		len(estimate.Layers))
	if estimate.Here > 0 {
		text += "; " + format.Size(estimate.Here) + " already available locally"
	}
	if estimate.Cached > 0 {
		text += fmt.Sprintf("; %s of %s already downloaded", format.Size(estimate.Cached), format.Size(estimate.Download))
	}
	return text
}

func diskText(estimate registry.Estimate, free plan.Fact[int64]) string {
	var parts []string
	if estimate.Unpacked > 0 {
		about := ""
		if estimate.UnpackedEstimated {
			about = "about "
		}
		if peak := about + format.Size(estimate.Peak()); estimate.KeepsCompressed {
			parts = append(parts, peak+" with the compressed layers")
		} else {
			parts = append(parts, about+format.Size(estimate.Unpacked), peak+" while unpacking")
		}
	}
	if free.Known {
		parts = append(parts, format.Size(free.Value)+" free")
	} else {
		parts = append(parts, "free space unknown: "+free.Evidence)
	}
	return strings.Join(parts, ", ")
}

// showLeft names what an unfinished pull left, and how to delete it.
func (l *Launcher) showLeft(ctx context.Context, estimate registry.Estimate) {
	if estimate.Left == 0 {
		return
	}
	free := "docker image prune -f"
	partial := images.PartialOf(estimate.Digest)
	if kept, err := l.Images.Inspect(ctx, partial); err == nil && kept.Here {
		free = "docker rmi " + partial
	}
	l.UI.Say("%s of it is left from an unfinished pull and will be used; %s would delete it",
		format.Size(estimate.Left), free)
}

// checkDisk refuses a pull that would certainly fill the disk, and warns of one
// that might: unpacked sizes are often estimates.
func (l *Launcher) checkDisk(estimate registry.Estimate, free plan.Fact[int64]) error {
	if !free.Known || estimate.Peak() <= free.Value {
		return nil
	}
	certain := estimate.Peak()
	switch {
	case estimate.DownloadEstimated:
		certain = 0
	case estimate.UnpackedEstimated:
		certain = estimate.Download
	}
	if certain > free.Value {
		return fault.New(fault.Unrunnable, plan.FreeUpDisk(l.keptDownloads()),
			"not enough disk space for Docker: %s needs %s, and %s is free", estimate.Reference, format.Size(certain),
			format.Size(free.Value))
	}
	l.UI.Warn("disk space may run out: %s is free, and the image may need %s while unpacking",
		format.Size(free.Value), format.Size(estimate.Peak()))
	return nil
}

// AgreeToDownload returns nil once the download may begin.
func (l *Launcher) AgreeToDownload(ctx context.Context, estimate registry.Estimate, f Fetching) error {
	size := "the download size is " + DownloadText(estimate)
	switch {
	case f.Max > 0 && (!estimate.Known() || estimate.ToFetch() > f.Max):
		return fault.New(fault.Declined, "raise the limit, or drop it", "%s, more than --max-download %s", size,
			format.Size(f.Max))
	case f.Yes || f.Max > 0 || estimate.Known() && estimate.ToFetch() <= withoutAsking:
		return nil
	}
	text := "Download it now?"
	if estimate.Known() {
		text = "Download " + format.Size(estimate.ToFetch()) + " now?"
	}
	return l.consent(ctx, question{text: text, unasked: size,
		agreeing: "agree with --yes or FACECRAFT_YES=1, or up to a size with --max-download 6GB",
		declined: "the download was declined", instead: "facecraft up --lite downloads nothing"})
}
