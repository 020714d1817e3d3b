package images

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/djok/facecraft/internal/progress"
	"github.com/djok/facecraft/internal/registry"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// sized is the estimate of an image with one local and two missing layers.
var sized = registry.Estimate{Layers: []registry.Layer{
	{Digest: "sha256:aaaaaaaaaaaa0000", Size: 5_000, Here: true},
	{Digest: "sha256:bbbbbbbbbbbb0000", Size: 100_000},
	{Digest: "sha256:cccccccccccc0000", Size: 300_000},
}}

func message(t *testing.T, text string) jsonmessage.JSONMessage {
	t.Helper()
	var m jsonmessage.JSONMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTally replays messages from Docker 20.10, one second apart.
func TestTally(t *testing.T) {
	t.Parallel()
	tally := newTally(sized)
	at := begin
	for _, step := range []struct {
		message string
		want    progress.Event
	}{
		{`{"status":"Pulling from x","id":"1"}`, progress.Event{Stage: progress.Pulling, Total: 400_000}},
		{`{"status":"Already exists","progressDetail":{},"id":"aaaaaaaaaaaa"}`,
			progress.Event{Stage: progress.Pulling, Total: 400_000}},
		{`{"status":"Pulling fs layer","progressDetail":{},"id":"bbbbbbbbbbbb"}`,
			progress.Event{Stage: progress.Pulling, Total: 400_000}},
		{`{"status":"Waiting","progressDetail":{},"id":"cccccccccccc"}`,
			progress.Event{Stage: progress.Pulling, Total: 400_000}},
		{`{"status":"Downloading","progressDetail":{"current":40000,"total":100000},"id":"bbbbbbbbbbbb"}`,
			progress.Event{Stage: progress.Pulling, Done: 40_000, Total: 400_000,
				Rate: 13_333, Left: 27 * time.Second}},
		{`{"status":"Verifying Checksum","progressDetail":{},"id":"bbbbbbbbbbbb"}`,
			progress.Event{Stage: progress.Pulling, Done: 100_000, Total: 400_000,
				Rate: 25_000, Left: 12 * time.Second}},
		{`{"status":"Extracting","progressDetail":{"current":50000,"total":100000},"id":"bbbbbbbbbbbb"}`,
			progress.Event{Stage: progress.Pulling, Done: 100_000, Total: 400_000,
				Rate: 20_000, Left: 15 * time.Second}},
		{`{"status":"Download complete","progressDetail":{},"id":"cccccccccccc"}`,
			progress.Event{Stage: progress.Unpacking, Done: 50_000, Total: 400_000}},
		{`{"status":"Pull complete","progressDetail":{},"id":"bbbbbbbbbbbb"}`,
			progress.Event{Stage: progress.Unpacking, Done: 100_000, Total: 400_000}},
		{`{"status":"Pull complete","progressDetail":{},"id":"cccccccccccc"}`,
			progress.Event{Stage: progress.Unpacking, Done: 400_000, Total: 400_000}},
		{`{"status":"Digest: sha256:00"}`, progress.Event{Stage: progress.Unpacking, Done: 400_000, Total: 400_000}},
	} {
		tally.add(message(t, step.message), at)
		if got := tally.event(""); got != step.want {
			t.Errorf("after %s\n got %+v\nwant %+v", step.message, got, step.want)
		}
		at = at.Add(time.Second)
	}
}

// TestSecondsAreNotBytes: a containerd store reports for how many seconds it has
// been unpacking.
func TestSecondsAreNotBytes(t *testing.T) {
	t.Parallel()
	tally := newTally(sized)
	tally.add(message(t, `{"status":"Download complete","id":"cccccccccccc"}`), begin)
	const seconds = `{"status":"Extracting","progressDetail":{"current":7,"units":"s"},"id":"bbbbbbbbbbbb"}`
	tally.add(message(t, seconds), begin)
	if got, want := tally.event(""), (progress.Event{Stage: progress.Unpacking, Total: 400_000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestTallyWithoutAnEstimate: the total is what the daemon has named so far,
// and there is no remaining time.
func TestTallyWithoutAnEstimate(t *testing.T) {
	t.Parallel()
	tally := newTally(registry.Estimate{})
	tally.add(message(t, `{"status":"Pulling fs layer","progressDetail":{},"id":"bbbbbbbbbbbb"}`), begin)
	tally.add(message(t, `{"status":"Downloading","progressDetail":{"current":40,"total":100},"id":"bbbbbbbbbbbb"}`),
		begin.Add(time.Second))
	if got, want := tally.event(""),
		(progress.Event{Stage: progress.Pulling, Done: 40, Total: 100, Rate: 40}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestProgressNeverRunsBackwards, whatever the daemon says, in any order, and
// however often it restarts.
func TestProgressNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	statuses := []string{"Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete",
		"Extracting", "Pull complete", "Already exists", "Retrying in 5 seconds"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		tally, at := newTally(sized), begin
		last := map[progress.Stage]int64{}
		for range 60 {
			layer := sized.Layers[random.IntN(len(sized.Layers))]
			if random.IntN(20) == 0 {
				tally.restart()
			}
			at = at.Add(time.Duration(random.IntN(3000)) * time.Millisecond)
			tally.add(jsonmessage.JSONMessage{
				ID: shortDigest(layer.Digest), Status: statuses[random.IntN(len(statuses))],
				Progress: &jsonmessage.JSONProgress{Current: random.Int64N(layer.Size + 1), Total: layer.Size},
			}, at)
			e := tally.event("")
			if e.Done < last[e.Stage] || e.Done > e.Total || e.Rate < 0 || e.Left < 0 {
				t.Fatalf("after %d: %+v", last[e.Stage], e)
			}
			last[e.Stage] = e.Done
		}
	}
}

func TestRateFollowsTheNetwork(t *testing.T) {
	t.Parallel()
	var r rate
	if r.perSecond() != 0 {
		t.Error("a rate without samples")
	}
	done, at := int64(0), begin
	run := func(perSecond int64, lasting time.Duration) {
		for end := at.Add(lasting); at.Before(end); at = at.Add(50 * time.Millisecond) {
			r.add(at, done)
			done += perSecond / 20
		}
	}
	run(1_000_000, time.Minute)
	if got := r.perSecond(); got < 990_000 || got > 1_010_000 {
		t.Errorf("%d a second, want about 1000000", got)
	}
	run(100_000, rateWindow+time.Second)
	if got := r.perSecond(); got < 99_000 || got > 101_000 {
		t.Errorf("%d a second after it slowed down, want about 100000", got)
	}
	if len(r.samples) > 100 {
		t.Errorf("%d samples are kept", len(r.samples))
	}
}
