package images

import (
	"time"

	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

// rateWindow is the period that the rate is averaged over: long enough not to
// flicker, short enough to follow the network.
const rateWindow = 10 * time.Second

// reportInterval is the minimum time between progress reports.
const reportInterval = 100 * time.Millisecond

// tally combines the daemon's messages about individual layers into one progress.
// It never runs backwards: after a failure it stands still until the new
// attempt has caught up.
type tally struct {
	layers map[string]*layerProgress // by the daemon's name, the start of the digest
	sized  bool                      // all layers and sizes are known from the start
	done   int64
	unpack int64
	rate   rate
}

type layerProgress struct {
	size       int64
	downloaded int64
	complete   bool // downloaded
	unpacked   int64
}

// newTally starts with what the estimate expects. Without an estimate the total
// grows as the daemon names the layers.
func newTally(estimate registry.Estimate) *tally {
	t := &tally{layers: map[string]*layerProgress{}, sized: len(estimate.Layers) > 0}
	for _, layer := range estimate.Missing() {
		t.layers[shortDigest(layer.Digest)] = &layerProgress{size: layer.Size}
	}
	return t
}

// shortDigest is the daemon's name for a layer.
func shortDigest(digest string) string {
	const algorithm, digits = len("sha256:"), 12
	return digest[algorithm : algorithm+digits]
}

// restart forgets what the daemon forgets when a pull is restarted.
func (t *tally) restart() {
	for _, layer := range t.layers {
		layer.downloaded, layer.complete, layer.unpacked = 0, false, 0
	}
}

// add processes one message from the daemon, and reports whether it is about a
// layer.
func (t *tally) add(m jsonmessage.JSONMessage, now time.Time) bool {
	layer := t.layers[m.ID]
	if layer == nil {
		layer = &layerProgress{}
	}
	switch m.Status {
	case "Already exists":
		// It is not needed after all, or was kept from an earlier attempt.
		layer.downloaded, layer.complete, layer.unpacked = layer.size, true, layer.size
	case "Pulling fs layer", "Waiting":
	case "Downloading":
		if m.Progress != nil {
			layer.size = max(layer.size, m.Progress.Total)
			layer.downloaded = max(layer.downloaded, m.Progress.Current)
		}
	case "Verifying Checksum", "Download complete":
		layer.downloaded, layer.complete = layer.size, true
	case "Extracting":
		layer.downloaded, layer.complete = layer.size, true
		if m.Progress != nil && m.Progress.Units == "" { // a containerd store counts seconds
			layer.unpacked = min(max(layer.unpacked, m.Progress.Current), layer.size)
		}
	case "Pull complete":
		layer.downloaded, layer.complete, layer.unpacked = layer.size, true, layer.size
	default:
		return false
	}
	t.layers[m.ID] = layer
	var done, unpacked int64
	for _, layer := range t.layers {
		done += layer.downloaded
		unpacked += layer.unpacked
	}
	t.done, t.unpack = max(t.done, done), max(t.unpack, unpacked)
	t.rate.add(now, t.done)
	return true
}

// downloading reports whether any layer still has data to download.
func (t *tally) downloading() bool {
	for _, layer := range t.layers {
		if !layer.complete {
			return true
		}
	}
	return len(t.layers) == 0
}

func (t *tally) total() (total int64) {
	for _, layer := range t.layers {
		total += layer.size
	}
	return total
}

// event returns the state of the pull to show to people: the download, and once
// that is complete the unpacking, which runs alongside it.
func (t *tally) event(subject string) progress.Event {
	if !t.downloading() {
		return progress.Event{Stage: progress.Unpacking, Subject: subject, Done: t.unpack, Total: t.total()}
	}
	e := progress.Event{Stage: progress.Pulling, Subject: subject, Done: t.done, Total: t.total(),
		Rate: t.rate.perSecond()}
	if t.sized {
		e.Left = t.rate.left(e.Total - e.Done)
	}
	return e
}

// rate measures how fast a number grows.
type rate struct {
	samples []sample
}

type sample struct {
	at   time.Time
	done int64
}

// sampleInterval limits how many samples are kept.
const sampleInterval = rateWindow / 50

func (r *rate) add(at time.Time, done int64) {
	if n := len(r.samples); n > 1 && at.Sub(r.samples[n-2].at) < sampleInterval {
		r.samples[n-1] = sample{at, done}
	} else {
		r.samples = append(r.samples, sample{at, done})
	}
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= rateWindow {
		r.samples = r.samples[1:]
	}
}

// perSecond is 0 until there is something to measure.
func (r *rate) perSecond() int64 {
	if len(r.samples) < 2 {
		return 0
	}
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	elapsed := last.at.Sub(first.at)
	if elapsed < sampleInterval {
		return 0
	}
	return int64(float64(last.done-first.done) / elapsed.Seconds())
}

// left is how long a number of bytes will take, or 0 until that can be told.
func (r *rate) left(bytes int64) time.Duration {
	perSecond := r.perSecond()
	if perSecond <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) / float64(perSecond) * float64(time.Second)).Round(time.Second)
}
