package launch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/djok/facecraft/internal/fault"
	"github.com/djok/facecraft/internal/format"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/registry"
)

func (l *Launcher) showBill(bill registry.Bill, free plan.Fact[int64]) {
	rows := [][2]string{{"download", downloadText(bill)}, {"on disk", diskText(bill, free)}}
	if bill.Limit != nil {
		rows = append(rows, [2]string{"pulls left", fmt.Sprintf("%d of %d per %s", bill.Limit.Remaining, bill.Limit.Pulls, format.Duration(time.Duration(bill.Limit.Seconds)*time.Second))})
	}
	if bill.Mirror != "" {
		rows = append(rows, [2]string{"mirror", bill.Mirror})
	}
	l.UI.Table(rows)
	for _, note := range bill.Notes {
		l.UI.Warn("%s", note)
	}
}

func downloadText(bill registry.Bill) string {
	switch {
	case !bill.Known():
		return "of unknown size"
	case bill.DownloadEstimated:
		return "at most " + format.Size(bill.Download) + ", an estimate from the catalogue"
	}
	text := fmt.Sprintf("%s, %d of %d layers", format.Size(bill.Download), len(bill.Missing()), len(bill.Layers))
	if bill.Here > 0 {
		text += "; " + format.Size(bill.Here) + " are here already"
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
		parts = append(parts, about+format.Size(bill.Unpacked), about+format.Size(bill.Peak())+" while it unpacks")
	}
	if free.Known {
		parts = append(parts, format.Size(free.Value)+" are free")
	} else {
		parts = append(parts, "free space unknown: "+free.Evidence)
	}
	return strings.Join(parts, ", ")
}

// checkDisk stops what would certainly end in a full disk, and warns of what
// might: unpacked sizes are often estimates.
func (l *Launcher) checkDisk(bill registry.Bill, free plan.Fact[int64]) error {
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
			"the disk of the Docker daemon is too small: %s needs %s and %s are free", bill.Reference, format.Size(certain), format.Size(free.Value))
	}
	l.UI.Warn("the disk may not be enough: %s are free, and the image may need %s while it unpacks",
		format.Size(free.Value), format.Size(bill.Peak()))
	return nil
}

// agreeToDownload returns when the download may begin.
func (l *Launcher) agreeToDownload(ctx context.Context, bill registry.Bill, f Fetching) error {
	size := "the download is " + downloadText(bill)
	switch {
	case f.Max > 0 && (!bill.Known() || bill.Download > f.Max):
		return fault.New(fault.Declined, "raise it, or leave it out", "%s, more than --max-download %s", size, format.Size(f.Max))
	case f.Yes || f.Max > 0 || bill.Known() && bill.Download <= freely:
		return nil
	}
	text := "download it now?"
	if bill.Known() {
		text = "download " + format.Size(bill.Download) + " now?"
	}
	return l.consent(ctx, question{text: text, unasked: size,
		agreeing: "agree with --yes or FACECRAFT_YES=1, or up to a size with --max-download 6GB",
		declined: "the download was declined", instead: "facecraft up --lite downloads nothing"})
}
