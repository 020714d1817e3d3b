package progressview

import (
	"encoding/json"
	"io"
	"time"

	"github.com/djok/facecraft/internal/plan"
	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// Events writes the JSON lines of `facecraft pull --json`.
type Events struct {
	Out  io.Writer
	last time.Time
	was  progress.Stage
}

// eventInterval is the minimum time between two progress lines.
const eventInterval = time.Second

type estimateEvent struct {
	Event string `json:"event"`
	registry.Estimate
}

type progressEvent struct {
	Event string `json:"event"`
	// Subject is the image, the reason for a retry, the reason why Docker downloads,
	// or the directory in which an unfinished download is kept.
	Subject     string `json:"subject"`
	Done        int64  `json:"done"`  // bytes
	Total       int64  `json:"total"` // bytes; 0 means unknown
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

func (e *Events) write(event any) {
	encoder := json.NewEncoder(e.Out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(event) // a closed pipe does not stop the pull
}

// Estimate writes what the pull will download.
func (e *Events) Estimate(estimate registry.Estimate) { e.write(estimateEvent{"estimate", estimate}) }

// Progress writes an event, but at most once a second for the same stage.
func (e *Events) Progress(p progress.Event) {
	now := time.Now()
	if p.Stage == e.was && now.Sub(e.last) < eventInterval {
		return
	}
	e.was, e.last = p.Stage, now
	e.write(progressEvent{p.Stage.String(), p.Subject, p.Done, p.Total, p.Rate, int64(p.Left.Seconds()),
		p.Connections, p.Unpacked})
}

// Done writes the result of the pull.
func (e *Events) Done(image plan.Image, fetched bool) {
	e.write(doneEvent{"done", image.Reference, image.Digest, fetched})
}
