package cli

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/djok/facecraft/internal/launch"
	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

func (a *app) pullCommand() *cli.Command {
	return &cli.Command{
		Name:      "pull",
		Usage:     "download the image in advance",
		UsageText: "facecraft pull [--tag auto|cpu|gpu|lite] [--pull always]",
		Flags: slices.Concat(requestFlags(), fetchFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "json", EnvVars: env("json"), Usage: "print progress as JSON lines to standard output"},
			&cli.BoolFlag{Name: "forget", EnvVars: env("forget"), Usage: "delete unfinished downloads and exit"},
			quietFlag(),
		}),
		Before: a.hush,
		Action: a.pull,
	}
}

func (a *app) pull(c *cli.Context) error {
	if c.Bool("forget") {
		return a.launcher().ForgetDownloads(c.Context)
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	r.Elsewhere = true
	f, err := fetchingOf(c)
	if err != nil {
		return err
	}
	l, err := a.connect(c.Context)
	if err != nil {
		return err
	}
	defer l.Close()
	events := pullEvents{out: io.Discard}
	if c.Bool("json") {
		events.out = a.Stdout
		f.Tell = events.estimate
		l.Report = events.progress
	}
	p, err := l.Decide(c.Context, r)
	if err != nil {
		return err
	}
	l.Announce(p)
	fetched, err := l.EnsureImage(c.Context, &p, f)
	if err != nil {
		return err
	}
	image := p.First().Image
	events.done(image, fetched)
	if fetched {
		a.ui.Done("Pulled %s", image.Pinned())
		return nil
	}
	a.ui.Done("%s is already available locally", image.Pinned())
	if f.When == launch.FetchMissing && l.Newer(c.Context, image.Reference, image.Digest) != "" {
		a.ui.Say("A newer version is available: facecraft pull --pull always")
	}
	return nil
}

// pullEvents are the JSON lines of `pull --json`.
type pullEvents struct {
	out  io.Writer
	last time.Time
	was  progress.Stage
}

// eventInterval is how often progress is written at most.
const eventInterval = time.Second

type estimateEvent struct {
	Event string `json:"event"`
	registry.Estimate
}

type progressEvent struct {
	Event string `json:"event"`
	// Subject is the image, why it is tried again, why Docker downloads, or the
	// directory in which an unfinished download is kept.
	Subject     string `json:"subject"`
	Done        int64  `json:"done"`  // bytes
	Total       int64  `json:"total"` // bytes; 0 is not known
	Rate        int64  `json:"bytes_per_second"`
	SecondsLeft int64  `json:"seconds_left"` // 0 is not known
	Connections int    `json:"connections,omitempty"`
	Unpacked    int64  `json:"unpacked,omitempty"` // bytes, while downloading
}

type doneEvent struct {
	Event   string `json:"event"`
	Image   string `json:"image"`
	Digest  string `json:"digest,omitempty"`
	Fetched bool   `json:"fetched"`
}

func (e *pullEvents) write(event any) {
	encoder := json.NewEncoder(e.out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(event) // a reader that went away does not stop the pull
}

func (e *pullEvents) estimate(estimate registry.Estimate) { e.write(estimateEvent{"bill", estimate}) }

func (e *pullEvents) progress(p progress.Event) {
	now := time.Now()
	if p.Stage == e.was && now.Sub(e.last) < eventInterval {
		return
	}
	e.was, e.last = p.Stage, now
	e.write(progressEvent{p.Stage.String(), p.Subject, p.Done, p.Total, p.Rate, int64(p.Left.Seconds()),
		p.Connections, p.Unpacked})
}

func (e *pullEvents) done(image plan.Image, fetched bool) {
	e.write(doneEvent{"done", image.Reference, image.Digest, fetched})
}
