package lint

import (
	"strings"

	"github.com/djok/facecraft/internal/finding"
	"github.com/djok/facecraft/internal/lint/dockerfile"
	"github.com/djok/facecraft/internal/lint/download"
)

// fetchRule finds downloads that nothing verifies (fetch), that are not encrypted
// (fetch-http), that accept any certificate (fetch-insecure), and whose failure
// the build does not notice (fetch-status).
func fetchRule(j *judge) {
	for _, i := range j.Images {
		i.Each(func(step *dockerfile.Step) {
			for _, d := range download.Downloads(step) {
				j.download(d)
			}
		})
	}
}

func (j *judge) download(d *download.Download) {
	verified := d.Verified()
	if !verified {
		f := j.fail("fetch", d.Location(), "%s is not checked against a checksum", d.What()).about(d.Step)
		if !d.Model() {
			f.severity(finding.Warning)
		}
		f.fix(d.ChecksumFix()...)
	}
	if strings.HasPrefix(d.URL, "http://") {
		j.fail("fetch-http", d.Location(), "%s is downloaded without encryption", d.What()).about(d.Step)
	}
	if d.Insecure != nil {
		at := d.Step.Script.Location(d.Insecure.From, d.Insecure.To)
		j.fail("fetch-insecure", at, "%s is accepted from anyone: %s turns off certificate verification", d.What(),
			d.Insecure.Text).about(d.Step)
	}
	if d.Cmd != nil && d.Cmd.Lost != "" && !verified {
		f := j.fail("fetch-status", d.Location(), "the build continues when %s cannot be downloaded", d.What()).about(d.Step)
		f.evidence("%s", d.Cmd.Lost)
		f.fix(d.PipefailFix()...)
	}
}
